import { it } from 'vitest';
import { TestCluster } from '../../support/cluster-dsl.ts';

it('x', () => {
  const t = new TestCluster().boot();
  t.write(2);
  const open = t.drop(['reply'], { from: t.primary });
  t.record((s) => ['reply', 'request'].includes(s.message.kind));
  t.submit(1);
  t.runUntil('executed', () => t.replica(t.primary).commit === 4);
  open();
  t.runUntil('answered', () => t.client().idle);
  console.log(
    t.sent.map((s) => `${s.from}->${s.to} ${s.message.kind} ${s.message.request} v${s.message.view}`).join('\n'),
    t.client().acknowledged,
    t.text(),
  );
});
