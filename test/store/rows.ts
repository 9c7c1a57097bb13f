import type { CampaignSpec, RunRow } from '../../src/store/rows.ts';

export const SPEC: CampaignSpec = {
  system: 'kimberlite',
  scenarios: ['swarm'],
  variants: ['swarm'],
  strategy: 'portfolio',
  seedFrom: 1,
  seedTo: 100,
  unrestricted: false,
  campaignSeed: 7,
  firedrill: '9.9.9',
  node: 'v99.0.0',
  profile: 'intended',
};

/** A passing run; everything in it depends on the index, so that a mix-up shows. */
export function passedRow(index: number, change: Partial<RunRow> = {}): RunRow {
  return {
    index,
    seed: 1_000 + index,
    scenario: 'swarm',
    variant: 'swarm',
    generation: index >> 2,
    origin: `seed ${index}`,
    planHash: index.toString(16).padStart(32, '0'),
    verdict: 'passed',
    reason: '',
    property: '',
    site: '',
    signature: '',
    traceHash: `${index}`.padStart(16, '0'),
    events: 10_000 + index,
    virtualUs: 5_000_000_000 + index,
    acknowledged: 100 + index,
    faultsFired: index % 5,
    wallMs: 40.5,
    expected: true,
    coverage: [1, 100 + index, 0xffff_ffff],
    reached: [
      ['checkpoint', index + 1],
      [index % 2 === 0 ? 'even' : 'odd', 1],
    ],
    planJson: '',
    detail: '',
    ...change,
  };
}

export function failedRow(index: number, property: string, site: string): RunRow {
  return passedRow(index, {
    verdict: 'failed',
    property,
    site,
    signature: `${property} @ ${site}`,
    expected: false,
    planJson: `{"seed":${index}}`,
    detail: '[{"property":"…"}]',
  });
}
