// Writes batches for ever, as fast as it can, and says after each how many runs are stored. The test kills it.
import { writeSync } from 'node:fs';
import { CampaignStore } from '../../src/store/campaign-store.ts';
import { passedRow, SPEC } from './rows.ts';

const store = CampaignStore.open(process.argv[2]!);
const id = store.campaigns()[0]?.id ?? store.create(SPEC);
const BATCH = 40;
for (let stored = store.storedIndexes(id).size; ; stored += BATCH) {
  store.putRuns(
    id,
    Array.from({ length: BATCH }, (_, at) => passedRow(stored + at)),
  );
  // Unbuffered: what was said was said before the kill.
  writeSync(1, `${stored + BATCH}\n`);
}
