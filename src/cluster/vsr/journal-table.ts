import type { Header, Prepare } from '../storage/prepare.ts';
import { sameSum } from '../storage/prepare.ts';
import { decodeHeader, decodeRecord, isReserved } from '../storage/record.ts';

/** What to make of a slot after a restart. */
export type SlotDecision = 'empty' | 'clean' | 'fix' | 'torn' | 'faulty';

export interface SlotFound {
  readonly decision: SlotDecision;
  readonly header: Header | null;
  readonly prepare: Prepare | null;
}

export function classifySlot(
  headerBytes: Uint8Array | null,
  prepareBytes: Uint8Array | null,
  slot: number,
  slotCount: number,
  cluster: number,
): SlotFound {
  const header = headerBytes === null ? null : decodeHeader(headerBytes, 0);
  const headerReserved = headerBytes !== null && isReserved(headerBytes, 0, slot, cluster);
  const prepare = prepareBytes === null ? null : decodeRecord(prepareBytes, 0);
  const prepareReserved = prepareBytes !== null && isReserved(prepareBytes, 0, slot, cluster);
  const goodHeader = header !== null && header.op % slotCount === slot ? header : null;
  const goodPrepare = prepare !== null && prepare.op % slotCount === slot ? prepare : null;
  if (headerReserved && prepareReserved) return { decision: 'empty', header: null, prepare: null };
  if (headerReserved && goodPrepare === null) return { decision: 'torn', header: null, prepare: null };
  if (goodPrepare !== null) {
    if (goodHeader === null || goodHeader.op < goodPrepare.op) return { decision: 'fix', header: goodPrepare, prepare: goodPrepare };
    if (goodHeader.op > goodPrepare.op) return { decision: 'faulty', header: goodHeader, prepare: null };
    if (sameSum(goodHeader.sum, goodPrepare.sum)) return { decision: 'clean', header: goodPrepare, prepare: goodPrepare };
    return { decision: goodPrepare.view > goodHeader.view ? 'fix' : 'faulty', header: goodPrepare, prepare: goodPrepare };
  }
  return { decision: 'faulty', header: goodHeader, prepare: null };
}
