import { differs, type Mutant } from './mutant.ts';

/** Planted bugs of the view change. */
export const VIEW_MUTANTS: readonly Mutant[] = [
  {
    id: 'view-quorum-half',
    what: 'a view begins with n/2 votes instead of n/2 + 1',
    source: 'Liskov & Cowling 2012, section 4.2; catalogue model.quorum_rule',
    property: 'INV-DURABLE-ACK',
    needs: ['net.partition'],
    override: (honest, fired) => ({
      viewQuorum: (count) => differs(fired, honest.viewQuorum(count), Math.max(1, Math.floor(count / 2))),
    }),
  },
  {
    id: 'one-denial-suffices',
    what: 'an op is dropped when a single replica denies it',
    source: 'correctness.md, head (nack quorum); R8',
    property: 'INV-DURABLE-ACK',
    needs: ['process.crash', 'net.partition'],
    override: (honest, fired) => ({ nackQuorum: (count) => differs(fired, honest.nackQuorum(count), 1) }),
  },
  {
    id: 'truncated-to-own-commit',
    what: 'a replica that joins a view cuts its log to its own commit number',
    source: 'R7; R27',
    property: 'INV-DURABLE-ACK',
    needs: ['process.crash', 'net.partition'],
    override: (honest, fired) => ({
      adoptedHead: (head, commit) => differs(fired, honest.adoptedHead(head, commit), Math.min(head, commit)),
    }),
  },
  {
    id: 'view-headers-not-kept',
    what: 'the superblock does not keep the headers of the log with which the view began',
    source: 'R7; reference/tigerbeetle-vopr.md (view headers)',
    property: 'INV-SUPERBLOCK',
    why: 'the acknowledgement that is taken back is the bug; only some of them take an op along',
    needs: ['process.crash'],
    override: (honest, fired) => ({
      keptHeaders: (headers) => (headers.length > 0 ? differs(fired, honest.keptHeaders(headers), []) : headers),
    }),
  },
  {
    id: 'joins-on-one-message',
    what: 'a higher view is joined on a single StartViewChange',
    source: 'R7 (half-connected replicas)',
    property: 'INV-RECOVERS',
    needs: ['net.partition'],
    override: (honest, fired) => ({
      joins: (proposals, quorum) => differs(fired, honest.joins(proposals, quorum), proposals > 0),
    }),
  },
  {
    id: 'stale-vote-counted',
    what: 'votes of views that are past stay and count for a later view of the same primary',
    source: 'R7; R27',
    property: 'INV-DURABLE-ACK',
    needs: ['net.partition', 'process.crash'],
    override: (honest, fired) => ({
      forgetsVotes: (count) => (count > 0 ? differs(fired, honest.forgetsVotes(count), false) : true),
      refusesOldVote: (voteView, view) => differs(fired, honest.refusesOldVote(voteView, view), false),
    }),
  },
  {
    id: 'corrupt-slot-denied',
    what: 'a slot that fails its checksum is denied as if it had never held anything',
    source: 'Alagappan et al., FAST 2018; R7',
    property: 'INV-DURABLE-ACK',
    needs: ['disk.bit-rot', 'process.crash'],
    override: (honest, fired) => ({ faultyDenies: () => differs(fired, honest.faultyDenies(), true) }),
  },
];
