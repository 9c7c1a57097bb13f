import { checkLinearizability } from '../../checkers/linearizability.ts';
import { registerModel } from '../../checkers/models/register.ts';
import { NEVER_RETURNED } from '../../checkers/sequential-model.ts';
import { checkWitness } from '../../checkers/witness.ts';
import {
  type Judge,
  type RegisterOperation,
  SEARCH_BUDGET,
  STALE_READ,
  UNKNOWN_OUTCOME,
  WITNESS_ACCEPTS,
  WITNESS_SOUND,
  type Witness,
} from './history-checks.ts';
import { type Check, type HarnessMutant, plant } from './row.ts';

const MODEL = registerModel();

const judge: Judge = (operations, stepsMax) => checkLinearizability(MODEL, operations, { stepsMax }).verdict;
const witness: Witness = (operations, order) => checkWitness(MODEL, operations, order).verdict === 'linearizable';

/** The honest judge of another history. */
function judging(change: (operations: readonly RegisterOperation[]) => readonly RegisterOperation[]): Judge {
  return (operations, stepsMax) => judge(change(operations), stepsMax);
}

const IGNORED_ONE_IN = 50;

const withoutSomeReads = judging((operations) => {
  let reads = 0;
  return operations.filter(({ input }) => input.kind !== 'read' || ++reads % IGNORED_ONE_IN !== 0);
});

const unknownFailed = judging((operations) => operations.filter(({ returnSeq }) => returnSeq !== NEVER_RETURNED));

const unknownDone = judging((operations) =>
  operations.map((each) =>
    each.returnSeq === NEVER_RETURNED
      ? { ...each, returnSeq: each.callSeq + 0.5, output: { kind: 'written' as const } }
      : each,
  ),
);

/** Each operation seems to last into the next ones. */
const blurred = judging((operations) => operations.map((each) => ({ ...each, returnSeq: each.returnSeq + 8 })));

const hopeful: Judge = (operations, stepsMax) => {
  const verdict = judge(operations, stepsMax);
  return verdict === 'unknown' ? 'linearizable' : verdict;
};

const timeless: Witness = (operations, order) =>
  witness(
    operations.map((each) => ({ ...each, callSeq: 0 })),
    order,
  );

/** Takes any answer to a read. */
const credulous: Witness = (operations, order) =>
  witness(
    operations.map((each) => (each.input.kind === 'read' ? { ...each, output: undefined } : each)),
    order,
  );

/** Looks only at what the order names. */
const partial: Witness = (operations, order) =>
  witness(
    operations.map((each, index) => (order.includes(index) ? each : { ...each, returnSeq: NEVER_RETURNED })),
    order,
  );

function judgeRow(id: string, what: string, source: string, check: Check<Judge>, planted: Judge): HarnessMutant {
  return plant({ id, what, source, part: 'checker' }, check, judge, planted);
}

function witnessRow(id: string, what: string, check: Check<Witness>, planted: Witness): HarnessMutant {
  return plant({ id, what, source: 'R14', part: 'checker' }, check, witness, planted);
}

/** Bugs planted in the judges of histories. */
export const HISTORY_MUTANTS: readonly HarnessMutant[] = [
  judgeRow('ignores-reads', 'one read in 50 is not judged', 'issue 3; R14', STALE_READ, withoutSomeReads),
  judgeRow('real-time-blurred', 'operations seem to overlap the next ones', 'R14', STALE_READ, blurred),
  judgeRow(
    'unknown-as-failed',
    'an operation of unknown outcome counts as failed',
    'R27; R13',
    UNKNOWN_OUTCOME,
    unknownFailed,
  ),
  judgeRow('unknown-as-done', 'an operation of unknown outcome counts as done', 'R13', UNKNOWN_OUTCOME, unknownDone),
  judgeRow('budget-as-proof', 'a search that ran out of steps says linearizable', 'R14', SEARCH_BUDGET, hopeful),
  witnessRow('witness-timeless', 'the witness does not look at real time', WITNESS_SOUND, timeless),
  witnessRow('witness-credulous', 'the witness takes any answer to a read', WITNESS_SOUND, credulous),
  witnessRow('witness-partial', 'the witness does not miss what was left out', WITNESS_SOUND, partial),
  witnessRow('witness-rejects', 'the witness accepts nothing', WITNESS_ACCEPTS, () => false),
];
