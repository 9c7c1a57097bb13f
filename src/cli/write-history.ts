/** Writes the history of a run's clients, in the form that `firedrill check-history` reads (docs/histories.md). */
import type { RunPlanFunction } from '../campaign/worker-protocol.ts';
import { HISTORY_FORMAT, HISTORY_VERSION } from '../checkers/history-json.ts';
import { HistoryRecorder, type StreamRecord } from '../checkers/history-recorder.ts';
import { KIMBERLITE_OPERATION } from '../cluster/kimberlite/machine.ts';
import type { RunPlan } from '../plan/plan.ts';
import { systemReason, UserError } from '../plan/user-error.ts';
import type { RunOptions, RunOutcome } from '../scenarios/run.ts';
import { writeWhole } from './write-file.ts';

/** Runs `plan` with a recorder beside the properties, which changes nothing, and writes what it heard to `path`. */
export async function runAndWriteHistory(
  path: string,
  plan: RunPlan,
  runPlan: RunPlanFunction,
  options: RunOptions,
): Promise<RunOutcome> {
  const recorder = new HistoryRecorder(KIMBERLITE_OPERATION);
  const outcome = await runPlan(plan, { ...options, observer: recorder });
  const text = historyText(recorder.records, plan, outcome.result.traceHash);
  try {
    writeWhole(path, text);
  } catch (error) {
    throw new UserError(`cannot write the history ${path}: ${systemReason(error)}`, 'name a file that can be written');
  }
  return outcome;
}

function historyText(
  records: readonly StreamRecord[],
  { scenario, variant, seed }: RunPlan,
  traceHash: string,
): string {
  const source = { scenario, variant, seed, traceHash };
  const header = { format: HISTORY_FORMAT, version: HISTORY_VERSION, model: 'log', source };
  return `${[header, ...records.map(operationOf)].map((each) => JSON.stringify(each)).join('\n')}\n`;
}

function operationOf({
  client,
  stream,
  append,
  value,
  callSeq,
  returnSeq,
  length,
  chain0,
  chain1,
}: StreamRecord): object {
  const times = { client, call: callSeq, return: returnSeq };
  const what = append ? { op: 'append', key: String(stream), value } : { op: 'read', key: String(stream) };
  return returnSeq === null
    ? { ...times, ...what }
    : { ...times, ...what, result: { length, chain: [chain0, chain1] } };
}
