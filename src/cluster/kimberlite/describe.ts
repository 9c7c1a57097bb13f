import { sumText } from '../storage/prepare.ts';
import type { VsrMessage } from '../vsr/message.ts';

/** A message as one line of a trace: its kind and the numbers that matter for it. */
export function describeMessage(message: VsrMessage): string {
  const { kind, view, op, commit } = message;
  if (message.sum === undefined) return `${kind} (damaged on the wire)`;
  switch (kind) {
    case 'request':
      return `request client=${message.client} request=${message.request} operation=${message.operation}`;
    case 'reply':
    case 'eviction':
      return `${kind} client=${message.client} request=${message.request} op=${op} view=${view}`;
    case 'prepare':
    case 'repairPrepare':
      return `${kind} view=${view} op=${op} commit=${commit} sum=${sumText(message.prepare?.sum ?? message.sum).slice(0, 8)} client=${message.prepare?.client ?? 0} request=${message.prepare?.request ?? 0}`;
    case 'startViewChange':
      return `startViewChange view=${view} wants=${message.nonce}`;
    case 'doViewChange':
      return `doViewChange view=${view} log_view=${message.logView} op=${op} commit=${commit} headers=${message.suffix?.headers.length ?? 0}`;
    case 'ping':
    case 'pong':
      return kind;
    case 'checkpoint':
      return `checkpoint view=${view} op=${message.blob?.op ?? 0} head=${op}`;
    default:
      return `${kind} view=${view} op=${op} commit=${commit}`;
  }
}
