import type { Prepare } from '../cluster/storage/prepare.ts';
import type { Property } from './property.ts';

/** One operation of a client on a stream; positions count calls and returns. */
export interface StreamRecord {
  readonly client: number;
  readonly stream: number;
  readonly append: boolean;
  /** The word that identifies the appended event. */
  readonly value: number;
  readonly callSeq: number;
  /** Null while there is no answer, and again once it was lost with an approval (R16). */
  returnSeq: number | null;
  length: number;
  chain0: number;
  chain1: number;
}

interface Recording {
  readonly record: StreamRecord;
  readonly request: number;
  /** Op number at which a replica first applied it; 0 before. */
  op: number;
}

/**
 * Writes down what clients of a run called and were answered, complete and unbounded, for `check-history`. It judges
 * nothing: inside a run INV-LINEARIZABLE does, by the order of the log.
 */
export class HistoryRecorder implements Property {
  readonly id = 'history-recorder';
  readonly records: StreamRecord[];
  private readonly operationAppend: number;
  private readonly operationRead: number;
  private readonly recordings: Recording[];
  /** By client: what it waits for. */
  private readonly waiting: Map<number, Recording>;
  private sequence: number;

  constructor(operations: { readonly append: number; readonly read: number }) {
    this.records = [];
    this.operationAppend = operations.append;
    this.operationRead = operations.read;
    this.recordings = [];
    this.waiting = new Map();
    this.sequence = 0;
  }

  onInvoke(client: number, _session: number, request: number, operation: number, key: number, value: number): void {
    this.sequence++;
    this.waiting.delete(client);
    const append = operation === this.operationAppend;
    if (!append && operation !== this.operationRead) return;
    const record: StreamRecord = {
      client,
      stream: key,
      append,
      value,
      callSeq: this.sequence,
      returnSeq: null,
      length: 0,
      chain0: 0,
      chain1: 0,
    };
    const recording = { record, request, op: 0 };
    this.records.push(record);
    this.recordings.push(recording);
    this.waiting.set(client, recording);
  }

  onApply(_replica: number, _incarnation: number, { client, request, op }: Prepare): void {
    const recording = this.waiting.get(client);
    if (recording !== undefined && recording.request === request && recording.op === 0) recording.op = op;
  }

  onReturn(client: number, _session: number, request: number, length: number, chain0: number, chain1: number): void {
    this.sequence++;
    const recording = this.waiting.get(client);
    if (recording === undefined || recording.request !== request) return;
    this.waiting.delete(client);
    const { record } = recording;
    record.returnSeq = this.sequence;
    record.length = length;
    record.chain0 = chain0 | 0;
    record.chain1 = chain1 | 0;
  }

  /** What was answered above `op` may have happened or not: the log that goes on decides. */
  onDeclaredLoss(op: number): void {
    for (const recording of this.recordings) {
      if (recording.op > op) recording.record.returnSeq = null;
    }
  }
}
