import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of the client table and of what clients are told. */
export const SESSION_MUTANTS: readonly Mutant[] = [
  {
    id: 'transfer-forgets-sessions',
    what: 'the client table does not come with a transferred checkpoint',
    source: 'R7; R13; R27',
    property: 'INV-STATE-EQUAL',
    needs: ['net.partition'],
    override: (honest, fired) => ({
      keepsSessionsOfTransfer: () => differs(fired, honest.keepsSessionsOfTransfer(), false),
    }),
  },
  {
    id: 'evicted-executed',
    what: 'a request whose session was evicted is executed like any other',
    source: 'R13; R27',
    property: 'INV-EXACTLY-ONCE',
    needs: [],
    override: (honest, fired) => ({ needsSession: () => differs(fired, honest.needsSession(), false) }),
  },
  {
    id: 'apply-reads-clock',
    what: 'an execution notes the time of the own clock instead of that of the entry',
    source: 'R27; catalogue model.clock_rule',
    property: 'INV-STATE-EQUAL',
    needs: [],
    override: (honest, fired) => ({
      executionTimeUs: (stampedUs, clock) => differs(fired, honest.executionTimeUs(stampedUs, clock), clock.wallUs()),
    }),
  },
  {
    id: 'local-read',
    what: 'the primary answers reads from its present state, without asking whether it still leads',
    source: 'Xraft-KV#1; RedisRaft PR 22 (M15)',
    property: 'INV-LINEARIZABLE',
    needs: ['net.partition'],
    override: (honest, fired) => ({ readsThroughLog: () => differs(fired, honest.readsThroughLog(), false) }),
  },
  {
    id: 'reply-buffer-shared',
    what: 'the client table keeps one reply for all sessions: the one to the request executed last',
    source: 'R13; catalogue INV-NO-CORRUPT-SERVE',
    property: 'INV-NO-CORRUPT-SERVE',
    needs: ['net.degrade'],
    override: (honest, fired) => ({
      keptReply: (sessions, session) =>
        differs(fired, honest.keptReply(sessions, session), sessions.newest() ?? session),
    }),
  },
];
