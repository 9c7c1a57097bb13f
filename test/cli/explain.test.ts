import { describe, expect, it } from 'vitest';
import { explain } from '../../src/cli/commands/explain.ts';
import { ownPages } from '../../src/cli/scenario-pages.ts';
import { FAULT_KINDS } from '../../src/faults/kind-table.ts';
import { faultWords } from '../../src/report/fault-words.ts';
import { listen } from './kit.ts';

const pages = ownPages();

describe('firedrill explain', () => {
  it('has a page for every scenario, with the section that it rehearses', () => {
    const without = pages.ids.filter((id) => pages.page(id)?.source == null);
    expect(without).toEqual([]);
  });

  it('says what breaks, what is seen, what to type, what can go wrong and what is proven', () => {
    const heard = listen();
    expect(explain({ scenario: 'ir-p2-schedule', json: false }, heard, pages)).toBe(0);
    for (const head of ['BREAKS', 'YOU WILL SEE', 'TO TYPE', 'CAN GO WRONG', 'IS PROVEN']) {
      expect(heard.out).toContain(`\nWHAT ${head}\n`);
    }
    expect(heard.out).toContain('not the shipped binary');
    expect(heard.out).toMatch(/P2: Medium - Non-Critical Issues,\s+lines 137-161/);
    expect(heard.out).toContain(
      '- replica-2: the server process dies (cause oom-kill), 1 s to 20 s after the scene is set',
    );
    expect(heard.out).toContain('kimberlite_cluster_replicas_total{status="healthy"} < 3, held for 30 s');
    expect(heard.out).toContain('       systemctl restart kimberlite\n');
    expect(heard.out).toContain('It fails INV-REDUNDANCY-RESTORED');
    expect(heard.out).toContain('p2-ticket: open-ticket within 2 h 00 min of the page');
  });

  it('prints one document', () => {
    const heard = listen();
    explain({ scenario: 'ir-p2-schedule', json: true }, heard, pages);
    const page = JSON.parse(heard.out) as { resolve: { id: string }[]; wrong: { property: string } };
    expect(page.resolve[0]?.id).toBe('redundancy-now');
    expect(page.wrong.property).toBe('INV-REDUNDANCY-RESTORED');
  });

  it('refuses a name that is none and says which was meant', () => {
    expect(() => explain({ scenario: 'ir-p2-schedul', json: false }, listen(), pages)).toThrow('ir-p2-schedule');
  });

  it('calls every host by the name that the commands on the page use', () => {
    const places = (id: string) => pages.page(id)?.breaks.map(({ text }) => text.slice(0, text.indexOf(':')));
    expect(places('scn4-network-throttle')).toEqual(['replica-100']);
    expect(places('ts5-cause3-tls')).toEqual(['new-node', 'node3']);
    expect(places('ts4-cause3-overload')).toContain('client-0 to client-23');
    const texts = pages.ids.flatMap((id) => pages.page(id)?.breaks.map(({ text }) => text) ?? []);
    expect(texts.filter((text) => /\bhost-? ?\d/.test(text))).toEqual([]);
  });

  it('says of drawn plans what they are', () => {
    expect(() => explain({ scenario: 'swarm', json: false }, listen(), pages)).toThrow(
      /drawn plans[\s\S]*run swarm --seed/,
    );
  });

  it('has words for every kind of fault', () => {
    expect(FAULT_KINDS.filter(({ kind }) => faultWords(kind) === kind)).toEqual([]);
  });
});
