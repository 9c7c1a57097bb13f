/** Words for the operations and states of each model. */
import type { KvOperation, LogOperation, RecordedOperation, RegisterOperation } from '../checkers/history-record.ts';
import type { LogHead } from '../checkers/models/append-log.ts';
import type { KvValue } from '../checkers/models/kv.ts';
import type { RegisterValue } from '../checkers/models/register.ts';

/** How a history of a model is told. */
export interface Words<State, Input, Output> {
  /** `read -> 3`; the answer of an operation without one is `?`. */
  readonly operation: (operation: RecordedOperation<Input, Output>) => string;
  /** What holds the state: `the register`. */
  readonly subject: string;
  readonly state: (state: State) => string;
}

export const REGISTER_WORDS: Words<
  RegisterValue,
  RegisterOperation['input'],
  NonNullable<RegisterOperation['output']>
> = {
  operation: ({ input, output }) => {
    switch (input.kind) {
      case 'read':
        return `read -> ${output?.kind === 'value' ? (output.value ?? 'nil') : '?'}`;
      case 'write':
        return `write ${input.value}${output === undefined ? ' -> ?' : ''}`;
      case 'cas':
        return `cas ${input.from} to ${input.to} -> ${comparedText(output)}`;
    }
  },
  subject: 'the register',
  state: (state) => String(state ?? 'nil'),
};

export const KV_WORDS: Words<KvValue, KvOperation['input'], NonNullable<KvOperation['output']>> = {
  operation: ({ input, output }) => {
    const unanswered = output === undefined ? ' -> ?' : '';
    switch (input.kind) {
      case 'get':
        return `get -> ${output?.kind === 'value' ? valueText(output.value) : '?'}`;
      case 'put':
      case 'append':
        return `${input.kind} ${valueText(input.value)}${unanswered}`;
      case 'delete':
        return `delete${unanswered}`;
      case 'cas':
        return `cas ${valueText(input.from)} to ${valueText(input.to)} -> ${comparedText(output)}`;
    }
  },
  subject: 'the key',
  state: valueText,
};

export const LOG_WORDS: Words<LogHead, LogOperation['input'], LogHead> = {
  operation: ({ input, output }) => {
    const seen = output === undefined ? '?' : headText(output);
    return input.kind === 'append' ? `append ${input.eventId} -> ${seen}` : `read -> ${seen}`;
  },
  subject: 'the stream',
  state: headText,
};

function comparedText(output: { readonly kind: string; readonly swapped?: boolean } | undefined): string {
  if (output?.swapped === undefined) return '?';
  return output.swapped ? 'swapped' : 'refused';
}

function valueText(value: KvValue): string {
  return value === null ? 'nothing' : JSON.stringify(value);
}

/** Length and chain, such as `3#1f00a2b4`: the first word tells streams apart well enough for a reader. */
function headText({ length, chain0 }: LogHead): string {
  return `${length}#${(chain0 >>> 0).toString(16).padStart(8, '0')}`;
}
