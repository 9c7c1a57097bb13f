import { ProcessAssertion } from '../../sim/api.ts';
import { KIMBERLITE_OPERATION, type KimberliteMachine } from './machine.ts';

/**
 * One operation of the log that this build cannot execute (catalogue, process.poison-op; AMB-POISON-OP): every server
 * that comes to it stops by its own assertion, before it answers anybody, and after each restart again. It is the next
 * append that no server has executed yet (the primary is ahead of the others by up to a heartbeat), known by client and
 * request, so that a view change does not move it.
 */
export class PoisonOp {
  private client: number;
  private request: number;
  /** The last op that any server had executed when it got this defect. */
  private executed: number;
  /** Told of a server that is about to stop. */
  private readonly onMet: (host: number) => void;

  constructor(onMet: (host: number) => void) {
    this.client = 0;
    this.request = 0;
    this.executed = 0;
    this.onMet = onMet;
  }

  /** A server on `host` has this defect from now on. */
  enter(host: number, machine: KimberliteMachine): void {
    this.executed = Math.max(this.executed, machine.applied);
    machine.defect = (prepare) => {
      if (prepare.operation !== KIMBERLITE_OPERATION.append) return;
      if (this.client === 0) {
        if (prepare.op <= this.executed) return;
        this.client = prepare.client;
        this.request = prepare.request;
      }
      if (prepare.client !== this.client || prepare.request !== this.request) return;
      this.onMet(host);
      throw new ProcessAssertion('poison-op', `event_bytes <= segment_bytes (op ${prepare.op})`);
    };
  }
}
