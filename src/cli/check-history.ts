/** `firedrill check-history`: judges a recorded history file by the linearizability search. */
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { type HistoryError, parseRegisterHistory, type RecordedOperation } from '../checkers/history-file.ts';
import { checkLinearizability, type LinearizabilityResult } from '../checkers/linearizability.ts';
import { type RegisterValue, registerModel } from '../checkers/models/register.ts';
import { NEVER_RETURNED } from '../checkers/sequential-model.ts';
import type { TextOutput } from './output.ts';

export interface CheckHistoryOptions {
  readonly file: string;
  readonly model: string;
  readonly json: boolean;
  /** Wall time to spend before the answer is `unknown`; without it only the step and memory limits hold. */
  readonly seconds?: number;
}

const EXIT_LINEARIZABLE = 0;
const EXIT_ILLEGAL = 1;
const EXIT_UNKNOWN = 2;
const EXIT_BAD_INPUT = 64;

/** Around a minute of search; the memory limit of the search usually ends a hopeless one earlier. */
const STEPS_MAX = 200_000_000;
/** Operations of the best order that are shown before the one that does not fit. */
const SHOWN_OPERATIONS = 8;

type RegisterResult = LinearizabilityResult<RegisterValue>;

/**
 * Reads `file`, judges it and prints the answer: as text, or with `json` as one document on stdout. Returns the exit
 * code: 0 linearizable, 1 not linearizable, 2 unknown (a limit was reached), 64 bad input (explained on stderr, nothing
 * on stdout).
 */
export async function checkHistory(options: CheckHistoryOptions, out: TextOutput): Promise<number> {
  const problem = badOption(options);
  if (problem !== undefined) return refuse(out, problem);
  let text: string;
  try {
    text = await readFile(options.file, 'utf8');
  } catch (error) {
    return refuse(out, unreadable(options.file, error));
  }
  const parsed = parseRegisterHistory(text);
  if (parsed.kind === 'malformed') return refuse(out, malformed(options.file, parsed.error));
  const shouldStop = stopAfter(options.seconds);
  const result = checkLinearizability(registerModel(), parsed.operations, { stepsMax: STEPS_MAX, shouldStop });
  if (options.json) out.stdout(`${JSON.stringify(jsonReport(options, parsed.operations, result))}\n`);
  else out.stdout(`${textReport(options.file, parsed.operations, result).join('\n')}\n`);
  switch (result.verdict) {
    case 'linearizable':
      return EXIT_LINEARIZABLE;
    case 'illegal':
      return EXIT_ILLEGAL;
    case 'unknown':
      return EXIT_UNKNOWN;
  }
}

function refuse(out: TextOutput, message: string): number {
  out.stderr(`firedrill check-history: ${message}\n`);
  return EXIT_BAD_INPUT;
}

function badOption({ model, seconds }: CheckHistoryOptions): string | undefined {
  if (model !== 'register') {
    return (
      `unknown model ${JSON.stringify(model)}\n` +
      '  remedy: use --model register; models of key-value stores are not built yet and come with a later release'
    );
  }
  if (seconds !== undefined && !(seconds > 0)) {
    return `--seconds must be above 0, not ${seconds}\n  remedy: give the time to spend, such as --seconds 10`;
  }
  return undefined;
}

function unreadable(file: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const reason =
    code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : `reading failed (${code})`;
  return `cannot read ${JSON.stringify(file)}: ${reason}\n  remedy: name a readable history file`;
}

function malformed(file: string, { line, text, problem, remedy }: HistoryError): string {
  const place = line === 0 ? file : `${file}:${line}`;
  const shown = line === 0 ? '' : `\n  text: ${text}`;
  return `${place}: ${problem}${shown}\n  remedy: ${remedy}`;
}

function stopAfter(seconds: number | undefined): () => boolean {
  if (seconds === undefined) return () => false;
  const endMs = performance.now() + seconds * 1_000;
  return () => performance.now() >= endMs;
}

function jsonReport(
  { file, model }: CheckHistoryOptions,
  operations: readonly RecordedOperation[],
  result: RegisterResult,
): object {
  const common = {
    file,
    model,
    operations: operations.length,
    unknownOperations: countUnknown(operations),
    stepsUsed: result.stepsUsed,
  };
  switch (result.verdict) {
    case 'linearizable':
      return { linearizable: true, ...common };
    case 'illegal':
      return {
        linearizable: false,
        ...common,
        placedOperations: result.prefix.length,
        value: result.state,
        prefix: result.prefix.map((index) => described(operations[index]!)),
        blocked: described(operations[result.blocked]!),
      };
    case 'unknown':
      return { linearizable: 'unknown', ...common, reason: result.reason };
  }
}

function described(operation: RecordedOperation): object {
  const { process, callSeq, returnSeq } = operation;
  const returnLine = returnSeq === NEVER_RETURNED ? null : returnSeq;
  return { operation: operationText(operation), process, invokeLine: callSeq, returnLine };
}

function textReport(file: string, operations: readonly RecordedOperation[], result: RegisterResult): string[] {
  const size = `${operations.length} operations, ${countUnknown(operations)} of unknown outcome`;
  const effort = `${result.stepsUsed} search steps`;
  switch (result.verdict) {
    case 'linearizable':
      return [`${file}: linearizable (${size}, ${effort})`];
    case 'illegal':
      return [`${file}: NOT linearizable (${size}, ${effort})`, ...explanation(operations, result)];
    case 'unknown':
      return [`${file}: unknown (${size}): ${limitText(result.reason)} after ${effort}`];
  }
}

function explanation(
  operations: readonly RecordedOperation[],
  { prefix, state, blocked }: Extract<RegisterResult, { verdict: 'illegal' }>,
): string[] {
  const shown = prefix.slice(-SHOWN_OPERATIONS);
  const hidden = prefix.length - shown.length;
  return [
    `  The best order found places ${prefix.length} operations${hidden > 0 ? `; its last ${shown.length} are` : ''}:`,
    ...shown.map((index) => `    ${placeText(operations[index]!)}`),
    `  The register then holds ${state ?? 'nil'}; what has to come next does not fit:`,
    `    ${placeText(operations[blocked]!)}`,
  ];
}

function limitText(reason: 'steps' | 'memory' | 'stopped'): string {
  switch (reason) {
    case 'steps':
      return 'the step limit was reached';
    case 'memory':
      return 'the memory limit of the search was reached';
    case 'stopped':
      return 'the time given by --seconds was over';
  }
}

function placeText(operation: RecordedOperation): string {
  const { process, callSeq, returnSeq } = operation;
  const end = returnSeq === NEVER_RETURNED ? 'never answered' : `answered in line ${returnSeq}`;
  return `${operationText(operation)}  (process ${process}, invoked in line ${callSeq}, ${end})`;
}

function operationText({ input, output }: RecordedOperation): string {
  switch (input.kind) {
    case 'read':
      return `read -> ${output?.kind === 'value' ? (output.value ?? 'nil') : '?'}`;
    case 'write':
      return `write ${input.value}${output === undefined ? ' -> ?' : ''}`;
    case 'cas': {
      const answer = output?.kind !== 'compared' ? '?' : output.swapped ? 'swapped' : 'refused';
      return `cas ${input.from} to ${input.to} -> ${answer}`;
    }
  }
}

function countUnknown(operations: readonly RecordedOperation[]): number {
  return operations.filter((operation) => operation.returnSeq === NEVER_RETURNED).length;
}
