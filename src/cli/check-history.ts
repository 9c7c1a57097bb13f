/** `firedrill check-history`: judges a recorded history file by the linearizability search. */
import { performance } from 'node:perf_hooks';
import { HISTORY_MODELS, type RecordedHistory, type RecordedOperation } from '../checkers/history-record.ts';
import { checkLinearizability, type LinearizabilityResult, type SearchBudget } from '../checkers/linearizability.ts';
import { shortestIllegalPrefix } from '../checkers/linearizability-prefix.ts';
import { appendLogModel } from '../checkers/models/append-log.ts';
import { kvModel } from '../checkers/models/kv.ts';
import { registerModel } from '../checkers/models/register.ts';
import type { SequentialModel } from '../checkers/sequential-model.ts';
import { chainStep } from '../cluster/kimberlite/machine.ts';
import { isUserError, UserError } from '../plan/user-error.ts';
import { readHistoryFile } from './check-history-read.ts';
import { type Judged, jsonReport, textReport } from './check-history-report.ts';
import { KV_WORDS, LOG_WORDS, REGISTER_WORDS, type Words } from './check-history-words.ts';
import type { TextOutput } from './output.ts';

export interface CheckHistoryOptions {
  readonly file: string;
  /** What the history must be of; without it, the file says. */
  readonly model?: string;
  readonly json: boolean;
  /** Wall time of the search before the answer is `unknown`; without it only the other limits hold. */
  readonly seconds?: number;
  /** Calls of the model. */
  readonly steps?: number;
  /** Modelled size of what the search remembers. */
  readonly memoryMb?: number;
}

const EXIT_LINEARIZABLE = 0;
const EXIT_ILLEGAL = 1;
const EXIT_UNKNOWN = 2;
const EXIT_BAD_INPUT = 64;

/** Around a minute of search; the memory limit of the search usually ends a hopeless one earlier. */
const STEPS_MAX = 200_000_000;
/** Steps of each attempt at a shorter counterexample: the verdict stands already. */
const PREFIX_STEPS_MAX = 10_000_000;

/**
 * Reads the file, judges it and prints the answer: as text, or with `json` as one document on stdout. Returns the exit
 * code: 0 linearizable, 1 not linearizable, 2 unknown (a limit was reached), 64 bad input (explained on stderr, nothing
 * on stdout).
 */
export async function checkHistory(options: CheckHistoryOptions, out: TextOutput): Promise<number> {
  let judged: Judged;
  try {
    checkOptions(options);
    const history = await readHistoryFile(options.file);
    checkModel(options, history);
    judged = judge(options, history);
  } catch (error) {
    if (!isUserError(error)) throw error;
    out.stderr(`firedrill check-history: ${error.message}\n`);
    return EXIT_BAD_INPUT;
  }
  if (options.json) out.stdout(`${JSON.stringify(jsonReport(judged))}\n`);
  else out.stdout(`${textReport(judged).join('\n')}\n`);
  switch (judged.verdict) {
    case 'linearizable':
      return EXIT_LINEARIZABLE;
    case 'illegal':
      return EXIT_ILLEGAL;
    case 'unknown':
      return EXIT_UNKNOWN;
  }
}

function checkOptions({ model, seconds }: CheckHistoryOptions): void {
  if (model !== undefined && !HISTORY_MODELS.some((each) => each === model)) {
    throw new UserError(
      `unknown model ${JSON.stringify(model)}`,
      `use --model ${HISTORY_MODELS.join(', ')}, or leave it out`,
    );
  }
  if (seconds !== undefined && !(seconds > 0)) {
    throw new UserError(`--seconds must be above 0, not ${seconds}`, 'give the time to spend, such as --seconds 10');
  }
}

function checkModel({ file, model }: CheckHistoryOptions, history: RecordedHistory): void {
  if (model === undefined || model === history.model) return;
  throw new UserError(
    `${file}: this is a history of model ${history.model}, not ${model}`,
    `use --model ${history.model}, or leave it out: the file says what it is of`,
  );
}

function judge(options: CheckHistoryOptions, history: RecordedHistory): Judged {
  switch (history.model) {
    case 'register':
      return search(options, history, history.operations, registerModel(), REGISTER_WORDS);
    case 'kv':
      return search(options, history, history.operations, kvModel(history.absent), KV_WORDS);
    case 'log': {
      const model = { ...appendLogModel<number>(chainStep), partition: ({ key }: { readonly key: string }) => key };
      return search(options, history, history.operations, model, LOG_WORDS);
    }
  }
}

function search<State, Input, Output>(
  options: CheckHistoryOptions,
  { format, model: name }: RecordedHistory,
  operations: readonly RecordedOperation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
  words: Words<State, Input, Output>,
): Judged {
  const budget = budgetOf(options);
  const result: LinearizabilityResult<State> = checkLinearizability(model, operations, budget);
  const stepsMax = Math.min(budget.stepsMax, PREFIX_STEPS_MAX);
  const prefix =
    result.verdict === 'illegal'
      ? shortestIllegalPrefix(model, operations, result, { ...budget, stepsMax })
      : undefined;
  return {
    file: options.file,
    format,
    model: name,
    operations,
    verdict: result.verdict,
    reason: result.verdict === 'unknown' ? result.reason : '',
    stepsUsed: result.stepsUsed,
    key: result.verdict === 'illegal' ? result.partition : undefined,
    prefix,
    // The report hands back only operations and states of this very history.
    words: words as Words<unknown, unknown, unknown>,
  };
}

function budgetOf({ seconds, steps, memoryMb }: CheckHistoryOptions): SearchBudget {
  const memory = memoryMb === undefined ? {} : { memoBytesMax: memoryMb * 1024 * 1024 };
  const endMs = performance.now() + (seconds ?? 0) * 1_000;
  const time = seconds === undefined ? {} : { shouldStop: () => performance.now() >= endMs };
  return { stepsMax: steps ?? STEPS_MAX, ...memory, ...time };
}
