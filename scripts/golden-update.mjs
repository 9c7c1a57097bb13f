// Writes test/golden/hashes.json and test/golden/crash-and-recover.txt from what the engine does now. Needs Node 24:
// it runs src/ as it stands.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { goldenHashes, goldenTrace } from '../test/golden/golden.ts';

const folder = fileURLToPath(new URL('../test/golden/', import.meta.url));
writeFileSync(`${folder}hashes.json`, `${JSON.stringify(await goldenHashes(), null, 2)}\n`);
writeFileSync(`${folder}crash-and-recover.txt`, await goldenTrace());
console.log('wrote test/golden/hashes.json and test/golden/crash-and-recover.txt');
