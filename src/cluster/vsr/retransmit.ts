import type { Prepare } from '../storage/prepare.ts';
import { TIMER } from './config.ts';
import type { VsrMessage } from './message.ts';
import type { Replica } from './replica.ts';

/** Unacknowledged entries are sent again after a while. */
export function armRetry(r: Replica): void {
  r.host.setTimer(TIMER.prepareRetry, r.config.prepareRetryUs, r.config.prepareRetryUs, 0);
}

/** An entry as its view's primary sends it. */
export function prepareMessage(r: Replica, prepare: Prepare): VsrMessage {
  const message = r.message('prepare');
  message.op = prepare.op;
  message.commit = r.commitMax;
  message.prepare = prepare;
  message.sum = prepare.sum;
  return r.sealed(message, r.view, prepare.op);
}

/** Sends again what backups have not acknowledged. */
export function onPrepareRetry(r: Replica): void {
  if (!r.isPrimary || r.op === r.commitMax) return;
  const last = Math.min(r.op, r.commitMax + r.config.pipelineMax);
  for (let op = r.commitMax + 1; op <= last; op++) {
    const prepare = r.journal.entry(op);
    if (prepare === null) continue;
    const message = prepareMessage(r, prepare);
    for (const member of r.peers) {
      if (member !== r.replica && (r.ackedOps[member] as number) < op) r.send(member, message);
    }
  }
  r.host.reached('prepare-retransmitted');
  armRetry(r);
}
