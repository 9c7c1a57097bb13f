import { describe, expect, it } from 'vitest';
import { type Signed, signatureOf, siteOf } from '../../src/campaign/signature.ts';

const finding = (property: string, site: string) => ({ property, site, atUs: 1, args: {} });

const failed: Signed = {
  verdict: 'failed',
  reason: '',
  property: 'INV-PREFIX',
  findings: [finding('INV-PREFIX', 'prefix:rival'), finding('INV-PREFIX', 'prefix:second'), finding('INV-SET', 'x')],
  pending: '',
};

function lost(reason: 'crashed' | 'hung', pending: string): string {
  return signatureOf({ verdict: 'inconclusive', reason, property: '', findings: [], pending });
}

describe('a signature', () => {
  it('is the property that failed and the first place that found it', () => {
    expect(signatureOf(failed)).toBe('INV-PREFIX @ prefix:rival');
    expect(siteOf({ property: 'INV-SET', findings: failed.findings })).toBe('x');
    expect(siteOf({ property: 'INV-OTHER', findings: failed.findings })).toBe('');
  });

  it('is empty for runs that say nothing about a cause', () => {
    expect(signatureOf({ ...failed, verdict: 'passed', property: '', findings: [] })).toBe('');
    expect(signatureOf({ ...failed, verdict: 'inconclusive', reason: 'vacuous', findings: [] })).toBe('');
  });

  it('of a lost run is the reason and the first line, without places, numbers and pids', () => {
    const stack = 'TypeError: op 17 of 42 is undefined\n    at run (file:///home/me/firedrill/dist/run.js:3:9)';
    expect(lost('crashed', stack)).toBe('crashed: TypeError: op # of # is undefined');
    expect(lost('crashed', 'cannot load file:///home/me/dist/run.js:3:9')).toBe('crashed: cannot load run.js:#:#');
    expect(lost('crashed', 'cannot load /opt/other/run.js:4:1')).toBe('crashed: cannot load run.js:#:#');
    expect(lost('hung', 'no result after 120 s of wall time')).toBe(lost('hung', 'no result after 0.5 s of wall time'));
    expect(lost('crashed', 'the worker exited with code 134')).not.toBe(
      lost('crashed', 'the worker exited with code 7'),
    );
    expect(lost('crashed', '')).toBe('crashed: ');
    expect(lost('crashed', 'x'.repeat(1_000))).toHaveLength(169);
  });
});
