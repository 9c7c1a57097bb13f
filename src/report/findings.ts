import type { Finding, InconclusiveReason, RunResult } from '../plan/result.ts';
import { durationText, instantText } from './duration.ts';

/** What it means when a property fails, by the catalogue's id. A property without a row is shown by its id alone. */
const MEANING: ReadonlyMap<string, string> = new Map([
  ['INV-AGREEMENT', 'two replicas committed different entries at one op number'],
  ['INV-PREFIX', 'the committed log of one replica is no prefix of the log of another'],
  ['INV-DURABLE-ACK', 'an operation that a client was told is done does not survive'],
  ['INV-QUORUM-REFUSE', 'a write was acknowledged without a quorum behind it'],
  ['INV-ONE-LEADER', 'two primaries acted in one view'],
  ['INV-NO-SPLIT-BRAIN', 'two lineages of the cluster acknowledged writes at the same time'],
  ['INV-COMMIT-LE-OP', 'a replica counts operations as committed that its log does not hold'],
  ['INV-VIEW-MONOTONIC', 'the view of a replica went back'],
  ['INV-COMMIT-MONOTONIC', 'the commit number of a replica went back without a declared restore'],
  ['INV-VIEWCHANGE-SAFE', 'a view started without a committed operation'],
  ['INV-RECOVERY-SAFE', 'a recovery dropped a committed operation'],
  ['INV-HASH-CHAIN', 'the hash chain of a replica does not verify'],
  ['INV-NO-CORRUPT-SERVE', 'data that fails its checksum was served'],
  ['INV-LINEARIZABLE', 'no order of the operations explains what the clients saw'],
  ['INV-EXACTLY-ONCE', 'a request took effect twice, or its retry got another answer'],
  ['INV-TIMESTAMP-MONOTONIC', 'a commit timestamp lies before its predecessor'],
  ['INV-STATE-EQUAL', 'two replicas at one commit number hold different states'],
  ['INV-NO-ASSERT', 'an assertion inside a replica failed although nothing was injected that could break it'],
  ['INV-PROJECTION', 'the applied position of a projection went back or passed the commit number'],
  ['INV-SINGLE-INSTANCE', 'two server processes used one data directory'],
  ['INV-SUPERBLOCK', 'the durable view, op or commit number of a voting replica was reset'],
  ['INV-QUORUM-KEPT', "an operator's step took the caught-up voters below a quorum"],
  ['INV-LOSS-APPROVED', 'a command lost acknowledged data without a recorded approval'],
  ['INV-FENCED', 'a host with a lost history spoke in the name of the configuration that replaced it'],
  ['INV-EVIDENCE-FIRST', 'the state of a replica was changed before the evidence was kept'],
  ['INV-GRACEFUL-FULL', 'a full disk led to more than refused writes'],
  ['INV-COMPACTION-SAFE', 'a part of the log was removed before it lay anywhere else'],
  ['INV-CATCHUP', 'a replica that had fallen behind did not catch up in the time allowed'],
  ['INV-RECOVERS', 'the cluster did not recover within its bound after the faults had stopped'],
  ['INV-ALERT-FIRES', 'an alert that has to notice this incident did not fire in time'],
  ['INV-ALERT-CLEARS', 'an alert still fires at the end, or was cleared by something other than its condition'],
  ['INV-NO-FALSE-ALERT', 'an alert fired that has nothing to do with this incident'],
  ['INV-TEMPORARY-REVERTED', 'a setting changed for the emergency is still in force at the end'],
  ['INV-CONFIG-SANE', 'heartbeat, election timeout and round trips do not fit together at the end'],
  ['INV-STEP-AS-EXPECTED', 'a step of the runbook exited or printed otherwise than the scenario expects'],
  ['INV-GATES-MET', 'an acknowledgement, update or escalation came later than its deadline, or not at all'],
  ['INV-REDUNDANCY-RESTORED', 'redundancy was not restored before the next failure, or not at all'],
  ['INV-AUDIT-NO-GAP', 'a document of the incident lacks a field or an event, or was never written'],
  ['INV-MEMBERSHIP', 'a change of voters had no quorum of the old or the new ones, or left an even size'],
  ['INV-STANDBY-NO-VOTE', 'a host that is no voter said something that counts towards a quorum'],
  ['INV-PROMOTE-CONSISTENT', 'a promoted standby holds another log, or lacks more than was declared'],
  ['INV-VERSION-GATE', 'entries or a server came into use that an installed release cannot read'],
  ['INV-NO-NEEDLESS-VIEW-CHANGE', 'a healthy primary lost its view, or its oldest operation waited too long'],
]);

const REASON: Readonly<Record<InconclusiveReason, string>> = {
  vacuous: 'what the scenario is about did not happen, so the run proves nothing',
  excused: 'it could not converge, and the damage ledger accounts for every missing copy',
  'out-of-budget': 'the limit of events or of virtual time ended the run first',
  'out-of-model': 'a property failed after a fault had broken an assumption of the model (--unrestricted)',
  crashed: 'firedrill lost the run twice; this says nothing about the system',
  hung: 'firedrill gave the run up after ten times its wall time; this says nothing about the system',
};

/** What a property says when it fails, in a few words; the id itself where nothing is written about it. */
export function propertyMeaning(property: string): string {
  return MEANING.get(property) ?? property;
}

export function reasonMeaning(reason: InconclusiveReason): string {
  return REASON[reason];
}

/**
 * One finding in one line: what failed, when and where it was seen, and the facts that it names. With `nameOf` a client is
 * called by its host, as everywhere else in a report; its id at the protocol is `life * 1024 + host`.
 */
export function findingText({ property, site, atUs, args }: Finding, nameOf?: (host: number) => string): string {
  const facts = Object.entries(args).map(([name, value]) => `${words(name)} ${factText(name, value, nameOf)}`);
  const meaning = MEANING.get(property);
  const head = meaning === undefined ? property : `${property}: ${meaning}`;
  return `${head} (${instantText(atUs)} s, ${[site, ...facts].join(', ')})`;
}

/** Why a run ended as it did, in one line; empty for one that passed. */
export function explanation(result: RunResult): string {
  switch (result.verdict) {
    case 'passed':
      return '';
    case 'failed':
      return propertyMeaning(result.property);
    case 'inconclusive': {
      const reason = result.reason === '' ? 'without a reason' : reasonMeaning(result.reason);
      return result.pending === '' ? reason : `${reason} (${result.pending})`;
    }
  }
}

/** `opNumber` reads `op number`. */
function words(name: string): string {
  return name.replace(/Us$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function factText(name: string, value: number | string, nameOf?: (host: number) => string): string {
  if (name === 'client' && typeof value === 'number' && value > 0 && nameOf !== undefined)
    return `${nameOf(value % 1_024)} (id ${value})`;
  return name.endsWith('Us') && typeof value === 'number' ? durationText(value) : String(value);
}
