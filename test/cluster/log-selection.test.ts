import { describe, expect, it } from 'vitest';
import { type Header, type Sum, sumText, ZERO_SUM } from '../../src/cluster/storage/prepare.ts';
import { type Selection, selectLog, type Vote } from '../../src/cluster/vsr/log-selection.ts';

/** Three replicas: quorums of two, two denials to drop. */
const THREE = { replicaCount: 3, quorumView: 2, nackQuorum: 2 };

function header(op: number, view: number, parent: Header | null): Header {
  const { a, b, c } = parent?.sum ?? ZERO_SUM;
  const sum: Sum = { a: a * 8 + view + 1, b: b * 8 + op, c: c + 1, d: 0 };
  return { op, view, sum, parent: parent?.sum ?? ZERO_SUM };
}

// ---- An independent specification: all worlds of two ops and three views ----

/**
 * One slot as its replica finds it. `missing`: the header is known, the entry was never here. `damaged`: the entry was
 * here, its header still shows. `ruined`: the entry was here, nothing shows. `noise`: nothing was ever here, and the
 * slot is faulty all the same. `absent`: nothing was here, which the disk shows.
 */
type Slot = 'intact' | 'missing' | 'damaged' | 'ruined' | 'noise' | 'absent';

interface Replica {
  readonly logView: number;
  readonly slots: readonly [Slot, Slot];
}

/** A history: the logs with which the views began, and what they grew to. */
interface History {
  readonly started: readonly (readonly Header[])[];
  readonly grown: readonly (readonly Header[])[];
}

const prefixes = (log: readonly Header[]): (readonly Header[])[] => [
  [],
  ...log.map((_, index) => log.slice(0, index + 1)),
];

function growths(log: readonly Header[], view: number): (readonly Header[])[] {
  if (log.length === 2) return [log];
  const longer = [...log, header(log.length + 1, view, log.at(-1) ?? null)];
  return [log, ...growths(longer, view)];
}

const logText = (log: readonly Header[]): string => log.map((each) => sumText(each.sum)).join();

/** Views 0 to 2; view 2 may have begun from what view 1 left or, where nobody saw view 1, from what view 0 left. */
function histories(): History[] {
  const all: History[] = [];
  for (const grown0 of growths([], 0)) {
    for (const started1 of prefixes(grown0)) {
      for (const grown1 of growths(started1, 1)) {
        const begins = new Map([...prefixes(grown0), ...prefixes(grown1)].map((log) => [logText(log), log]));
        for (const started2 of begins.values()) {
          for (const grown2 of growths(started2, 2)) {
            all.push({ started: [[], started1, started2], grown: [grown0, grown1, grown2] });
          }
        }
      }
    }
  }
  return all;
}

function slotsAt(history: History, logView: number, op: number): readonly Slot[] {
  if (op <= history.started[logView]!.length) return ['intact', 'missing', 'damaged'];
  if (op <= history.grown[logView]!.length) return ['intact', 'damaged', 'ruined', 'absent'];
  return ['absent', 'noise'];
}

function replicasOf(history: History): Replica[] {
  const all: Replica[] = [];
  for (const logView of [0, 1, 2]) {
    for (const one of slotsAt(history, logView, 1)) {
      for (const two of slotsAt(history, logView, 2)) all.push({ logView, slots: [one, two] });
    }
  }
  return all;
}

function voteOf(history: History, replica: Replica, number: number): Vote {
  const headers: (Header | null)[] = [null, null];
  const present = new Uint8Array(2);
  const nack = new Uint8Array(2);
  let headOp = 0;
  let length = 0;
  for (const [index, slot] of replica.slots.entries()) {
    if (slot === 'intact' || slot === 'missing' || slot === 'damaged') {
      headers[index] = history.grown[replica.logView]![index]!;
      headOp = index + 1;
    }
    if (slot === 'intact') present[index] = 1;
    if (slot === 'missing' || slot === 'absent') nack[index] = 1;
    if (slot !== 'absent') length = index + 1;
  }
  const suffix = {
    first: 1,
    headers: headers.slice(0, length),
    present: present.slice(0, length),
    nack: nack.slice(0, length),
  };
  return { replica: number, logView: replica.logView, commit: 0, checkpointOp: 0, headOp, headSum: ZERO_SUM, suffix };
}

/**
 * Whether the replica, as it is now, may have acknowledged ops 1..length of the log of `view` in that view. If they were
 * committed there, they were carried into its present log, so its slots still held them until they were damaged.
 */
function mayHaveAcknowledged(replica: Replica, view: number, length: number): boolean {
  if (replica.logView < view) return false;
  return replica.slots.slice(0, length).every((slot) => slot === 'intact' || slot === 'damaged' || slot === 'ruined');
}

/** The longest log that can have been committed in this history, given some replicas and any state of the others. */
function longestCommitted(history: History, voters: readonly Replica[], silent: number): readonly Header[] {
  const newest = Math.max(...voters.map((voter) => voter.logView));
  let longest: readonly Header[] = [];
  for (let view = 0; view <= newest; view++) {
    for (const log of prefixes(history.grown[view]!)) {
      const acknowledged = voters.filter((voter) => mayHaveAcknowledged(voter, view, log.length)).length + silent;
      // Later views began with all that was committed before them: the induction that the selection itself keeps up.
      const carried = history.started.every((began, later) => {
        return later <= view || later > newest || logText(began.slice(0, log.length)) === logText(log);
      });
      if (acknowledged >= 2 && carried && log.length > longest.length) longest = log;
    }
  }
  return longest;
}

const voteText = (vote: Vote): string => {
  const { headers, present, nack } = vote.suffix;
  const slots = headers.map(
    (each, index) => `${each === null ? '?' : sumText(each.sum)}${present[index]}${nack[index]}`,
  );
  return `${vote.logView}/${vote.headOp}/${slots.join()}`;
};

interface Judged {
  readonly votes: readonly Vote[];
  readonly selection: Selection;
  /** What may have been committed in one world or another that brings about these votes, longest last. */
  readonly committed: Map<string, readonly Header[]>;
  worlds: number;
}

function judgeAllWorlds(voterCount: number): Map<string, Judged> {
  const judged = new Map<string, Judged>();
  for (const history of histories()) {
    const replicas = replicasOf(history);
    const choose = (voters: readonly Replica[], from: number): void => {
      if (voters.length === voterCount) {
        const votes = voters.map((voter, number) => voteOf(history, voter, number));
        const key = votes.map(voteText).sort().join(' ');
        let entry = judged.get(key);
        if (entry === undefined) {
          entry = { votes, selection: selectLog(votes, THREE), committed: new Map(), worlds: 0 };
          judged.set(key, entry);
        }
        const committed = longestCommitted(history, voters, 3 - voterCount);
        entry.committed.set(logText(committed), committed);
        entry.worlds++;
        return;
      }
      for (let index = from; index < replicas.length; index++) choose([...voters, replicas[index]!], index);
    };
    choose([], 0);
  }
  return judged;
}

/** The longest of the logs, or null when they are not prefixes of one another: then no choice can be right. */
function longestOf(logs: Iterable<readonly Header[]>): readonly Header[] | null {
  let longest: readonly Header[] = [];
  for (const log of logs) {
    const [short, long] = log.length < longest.length ? [log, longest] : [longest, log];
    if (logText(long.slice(0, short.length)) !== logText(short)) return null;
    longest = long;
  }
  return longest;
}

function intactSomewhere(votes: readonly Vote[], wanted: Header): boolean {
  const { op } = wanted;
  return votes.some(({ suffix }) => {
    const own = suffix.headers[op - 1] ?? null;
    return suffix.present[op - 1] === 1 && own !== null && sumText(own.sum) === sumText(wanted.sum);
  });
}

describe.each([
  ['two', 2],
  ['three', 3],
] as const)('the log chosen from %s votes of three', (_, voterCount) => {
  const judged = judgeAllWorlds(voterCount);
  const kinds = new Map<string, number>();
  for (const { selection } of judged.values()) kinds.set(selection.kind, (kinds.get(selection.kind) ?? 0) + 1);

  it('holds whatever may have been committed in any world that leads to these votes', () => {
    for (const [key, { selection, committed }] of judged) {
      if (selection.kind !== 'chosen') continue;
      const chosen = selection.headers.map((each) => (each === null ? '?' : sumText(each.sum)));
      for (const log of committed.values()) {
        const kept = chosen.slice(0, log.length).join();
        if (kept !== logText(log)) expect.fail(`${key}: ${kept} instead of ${logText(log)}`);
      }
    }
    expect(kinds.get('chosen')).toBeGreaterThan(1_000);
  });

  it('is known header by header, chains, and can be fetched', () => {
    for (const { selection, votes } of judged.values()) {
      if (selection.kind !== 'chosen') continue;
      expect(selection.headers).toHaveLength(selection.headOp);
      for (const [index, each] of selection.headers.entries()) {
        expect(each!.parent).toEqual(selection.headers[index - 1]?.sum ?? ZERO_SUM);
        const sources = selection.sources.get(index + 1)!;
        expect(sources.length).toBeGreaterThan(0);
        for (const source of sources) expect(intactSomewhere([votes[source]!], each!)).toBe(true);
      }
    }
  });

  it('is decided by all votes whenever some log is right in every world', () => {
    expect(kinds.has('stuck')).toBe(voterCount === 3);
    expect(kinds.has('awaiting-votes')).toBe(voterCount === 2);
    if (voterCount < 3) return;
    let undecidable = 0;
    for (const [key, { selection, committed, votes }] of judged) {
      if (selection.kind !== 'stuck') continue;
      undecidable++;
      const longest = longestOf(committed.values());
      if (longest?.every((each) => intactSomewhere(votes, each))) {
        expect.fail(`${key}: stuck at op ${selection.op}, though [${logText(longest)}] would do`);
      }
    }
    expect(undecidable).toBeGreaterThan(100);
  });

  it('does not depend on the order of the votes', () => {
    for (const { votes, selection } of judged.values()) {
      expect(selectLog([...votes].reverse(), THREE)).toEqual(selection);
    }
  });
});

// ---- Single cases, in words ----

type Mark = 'intact' | 'missing' | 'damaged' | 'ruined' | 'absent';
interface Shown {
  readonly mark: Mark;
  readonly header: Header | null;
}
const intact = (each: Header): Shown => ({ mark: 'intact', header: each });
const damaged = (each: Header): Shown => ({ mark: 'damaged', header: each });
const missing = (each: Header): Shown => ({ mark: 'missing', header: each });
const RUINED: Shown = { mark: 'ruined', header: null };
const ABSENT: Shown = { mark: 'absent', header: null };

function vote(
  replica: number,
  logView: number,
  shown: readonly Shown[],
  more: Partial<Vote> & { first?: number } = {},
): Vote {
  const first = more.first ?? (more.checkpointOp ?? 0) + 1;
  let headOp = first - 1;
  for (const [index, each] of shown.entries()) if (each.header !== null) headOp = first + index;
  const suffix = {
    first,
    headers: shown.map((each) => each.header),
    present: Uint8Array.from(shown, (each) => (each.mark === 'intact' ? 1 : 0)),
    nack: Uint8Array.from(shown, (each) => (each.mark === 'missing' || each.mark === 'absent' ? 1 : 0)),
  };
  return { replica, logView, commit: 0, checkpointOp: first - 1, headOp, headSum: ZERO_SUM, suffix, ...more };
}

const a1 = header(1, 0, null);
const a2 = header(2, 0, a1);
const a3 = header(3, 0, a2);
const b2 = header(2, 1, a1);

describe('selection', () => {
  const chosen = (votes: readonly Vote[], config = THREE) => {
    const selection = selectLog(votes, config);
    if (selection.kind !== 'chosen') throw new Error(`${selection.kind}`);
    return selection;
  };

  it('waits for a quorum', () => {
    expect(selectLog([], THREE)).toEqual({ kind: 'awaiting-quorum' });
    expect(selectLog([vote(0, 0, [intact(a1)])], THREE)).toEqual({ kind: 'awaiting-quorum' });
  });

  it('of empty logs is the empty log', () => {
    expect(chosen([vote(0, 0, []), vote(2, 0, [])])).toMatchObject({ headOp: 0, commit: 0, first: 1, headers: [] });
  });

  it('takes the log of the highest log view, not the longest', () => {
    const selection = chosen([vote(0, 1, [intact(a1), intact(b2)]), vote(1, 0, [intact(a1), intact(a2), intact(a3)])]);
    expect(selection.headers).toEqual([a1, b2]);
    expect([...selection.sources]).toEqual([
      [1, [0, 1]],
      [2, [0]],
    ]);
  });

  it('keeps an op that one replica holds while a silent one may have it too', () => {
    expect(chosen([vote(0, 0, [intact(a1)]), vote(1, 0, [])]).headers).toEqual([a1]);
  });

  it('drops an op, and all after it, that a nack quorum denies', () => {
    const selection = chosen([vote(0, 0, [intact(a1), missing(a2), intact(a3)]), vote(1, 0, [intact(a1)])]);
    expect([selection.headOp, selection.headers]).toEqual([1, [a1]]);
  });

  it('lets a faulty slot deny nothing: waits for the third vote, which decides', () => {
    const two = [vote(0, 0, [intact(a1), damaged(a2)]), vote(1, 0, [intact(a1)])];
    expect(selectLog(two, THREE)).toEqual({ kind: 'awaiting-votes', op: 2 });
    expect(chosen([...two, vote(2, 0, [intact(a1), intact(a2)])]).headers).toEqual([a1, a2]);
    expect(chosen([...two, vote(2, 0, [intact(a1)])]).headers).toEqual([a1]);
    expect(selectLog([...two, vote(2, 0, [intact(a1), RUINED])], THREE)).toEqual({ kind: 'stuck', op: 2 });
  });

  it('waits for a slot beyond the head of which nothing is left', () => {
    const two = [vote(0, 0, [intact(a1), RUINED]), vote(1, 0, [intact(a1), ABSENT])];
    expect(selectLog(two, THREE)).toEqual({ kind: 'awaiting-votes', op: 2 });
    expect(chosen([...two, vote(2, 0, [intact(a1), intact(a2)])]).headers).toEqual([a1, a2]);
  });

  it('takes a header that only the parent link of its successor names from any vote that has it', () => {
    const selection = chosen([vote(0, 1, [RUINED, intact(b2)], { commit: 1 }), vote(1, 0, [intact(a1)])]);
    expect(selection.headers).toEqual([a1, b2]);
    expect(selection.sources.get(1)).toEqual([1]);
  });

  it('never drops what a vote knows to be committed, and leaves holes only there', () => {
    const selection = chosen([vote(0, 0, [RUINED, damaged(a2), intact(a3)], { commit: 2 }), vote(1, 0, [])]);
    expect([selection.headOp, selection.commit, selection.headers]).toEqual([3, 2, [null, a2, a3]]);
    expect(selection.sources.get(2)).toEqual([]);
    expect(selection.sources.has(1)).toBe(false);
  });

  it('waits when nobody knows the header of a committed head', () => {
    const two = [vote(0, 0, [intact(a1), RUINED], { commit: 2 }), vote(1, 0, [intact(a1)])];
    expect(selectLog(two, THREE)).toEqual({ kind: 'awaiting-votes', op: 2 });
    expect(chosen([...two, vote(2, 0, [intact(a1), intact(a2)])]).headers).toEqual([a1, a2]);
  });

  it('starts above a checkpoint that covers the head', () => {
    const selection = chosen([vote(0, 0, [], { checkpointOp: 3, commit: 3 }), vote(1, 0, [intact(a1), intact(a2)])]);
    expect([selection.headOp, selection.commit, selection.headers]).toEqual([3, 3, [a1, a2, null]]);
  });

  it('counts denials as the size of the cluster asks', () => {
    const five = { replicaCount: 5, quorumView: 3, nackQuorum: 3 };
    const three = [vote(0, 0, [intact(a1)]), vote(1, 0, []), vote(2, 0, [])];
    expect(chosen(three, five).headOp).toBe(1);
    expect(chosen([...three, vote(3, 0, [])], five).headOp).toBe(0);
  });
});
