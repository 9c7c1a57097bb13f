import { describe, expect, it } from 'vitest';
import { EvidenceFirst } from '../../../src/checkers/evidence-first.ts';

/** Plays a sequence against the property; returns the sites that it reported, with what changed the replica. */
function judge(play: (property: EvidenceFirst) => void, judgesCorruption = false): string[] {
  const found: string[] = [];
  play(
    new EvidenceFirst((property, site, args) => {
      found.push(`${property} ${site} ${args['replica']} ${args['what']} ${args['stateDump']}${args['storageExport']}`);
    }, judgesCorruption),
  );
  return found;
}

describe('INV-EVIDENCE-FIRST', () => {
  it.each([
    ['no assertion failed', (p: EvidenceFirst) => p.onStart(1)],
    [
      'a crash is none',
      (p: EvidenceFirst) => {
        p.onStop(1, 1, 'crash');
        p.onStart(1);
      },
    ],
    [
      'dump and export, then a start',
      (p: EvidenceFirst) => {
        p.onStop(2, 1, 'assertion');
        p.keep(2, 'state-dump');
        p.keep(2, 'storage-export');
        p.changed(2, 'kimberlite-cli storage restore');
        p.onStart(2);
      },
    ],
    [
      'another replica starts',
      (p: EvidenceFirst) => {
        p.onStop(2, 1, 'assertion');
        p.onStart(1);
      },
    ],
  ])('accepts: %s', (_name, play) => {
    expect(judge(play)).toEqual([]);
  });

  it('finds a restart by the supervisor before anything was kept, once', () => {
    expect(
      judge((p) => {
        p.onStop(2, 1, 'assertion');
        p.onStart(2);
        p.changed(2, 'rm');
      }),
    ).toEqual(['INV-EVIDENCE-FIRST changed-before-evidence 2 start 00']);
  });

  it.each([
    ['state-dump', '10'],
    ['storage-export', '01'],
  ])('%s alone is not enough', (kind, kept) => {
    const found = judge((p) => {
      p.onStop(0, 1, 'assertion');
      p.keep(0, kind);
      p.changed(0, 'rm');
    });
    expect(found).toEqual([`INV-EVIDENCE-FIRST changed-before-evidence 0 rm ${kept}`]);
  });

  it('does not count what was kept of an earlier failure, or of another replica', () => {
    const found = judge((p) => {
      p.keep(2, 'state-dump');
      p.keep(2, 'storage-export');
      p.onStop(2, 1, 'assertion');
      p.keep(1, 'state-dump');
      p.keep(1, 'storage-export');
      p.onStart(2);
    });
    expect(found).toEqual(['INV-EVIDENCE-FIRST changed-before-evidence 2 start 00']);
  });

  it('of corruption any copy will do, and only where a scenario asks for it', () => {
    const deleted = (p: EvidenceFirst): void => {
      p.foundCorrupt(1);
      p.changed(1, 'rm');
    };
    const kept = (p: EvidenceFirst): void => {
      p.foundCorrupt(1);
      p.keep(1, 'copy');
      p.changed(1, 'rm');
    };
    expect(judge(deleted, true)).toEqual(['INV-EVIDENCE-FIRST changed-before-evidence 1 rm 00']);
    expect(judge(kept, true)).toEqual([]);
    expect(judge(deleted, false)).toEqual([]);
  });
});
