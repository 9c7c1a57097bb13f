import type { ReportModel, ReportSignature } from '../report/model.ts';
import { useKept } from './kept.ts';
import { Choice, Search, Section, ShellLine, Table, useFirst } from './parts.tsx';
import { addressOf } from './route.ts';
import { countOf, grouped, matches } from './words.ts';

interface Numbered {
  readonly signature: ReportSignature;
  /** Its place among all, from 1: part of its address. */
  readonly number: number;
}

/** All signatures, worst first. */
export function Failures({ model }: { model: ReportModel }) {
  const [search, setSearch] = useKept('failures search', '');
  const [kind, setKind] = useKept('failures kind', '');
  const all = numbered(model.signatures);
  const rows = all.filter(
    ({ signature: { signature, meaning, scenarios, note, unexpected } }) =>
      (kind === '' || (kind === 'declared') !== unexpected) &&
      matches(search, `${signature} ${meaning} ${scenarios.join(' ')} ${note}`),
  );
  const without = model.signatures.filter(({ detail }) => detail === null).length;
  return (
    <Section title="Failures, worst first">
      <div class="filters">
        <Search label="Search the failures" value={search} onValue={setSearch} />
        <Choice label="show" value={kind} options={['not declared', 'declared']} onValue={setKind} />
        <span class="quiet" role="status">
          {rows.length} of {countOf(all.length, 'signature')}, {grouped(without)} without detail
        </span>
      </div>
      <Rows part="failures" rows={rows} />
    </Section>
  );
}

export function SignatureTable({ signatures }: { signatures: readonly ReportSignature[] }) {
  return <Rows part="overview" rows={numbered(signatures)} />;
}

function numbered(signatures: readonly ReportSignature[]): Numbered[] {
  return signatures.map((signature, index) => ({ signature, number: index + 1 }));
}

function Rows({ part, rows }: { part: string; rows: readonly Numbered[] }) {
  const { first, more } = useFirst(part, rows);
  return (
    <>
      <Table heads={['signature', 'runs', 'declared', 'where', 'make it again']}>
        {first.map(({ signature: each, number }) => (
          <tr key={each.signature}>
            <td>
              <a href={addressOf({ view: 'failure', number, event: -1 })}>{each.signature}</a>
              <div class="quiet">{each.meaning}</div>
              {each.detail === null ? <div class="quiet">without detail</div> : null}
            </td>
            <td class="number">{grouped(each.count)}</td>
            <td>
              <span class={`verdict ${each.unexpected ? 'bad' : 'good'}`}>{each.unexpected ? '✗ no' : '✓ yes'}</span>
              {each.known ? <div class="quiet">known: {each.note}</div> : null}
            </td>
            <td>
              {each.scenarios.join(', ')}
              <div class="quiet">
                {each.seeds.length === 1 ? 'seed' : 'seeds'} {each.seeds.join(', ')}
              </div>
            </td>
            <td>
              {each.replay === null ? 'no bundle' : <ShellLine line={each.replay} />}
              {each.shrink === null ? null : <ShellLine line={each.shrink} />}
            </td>
          </tr>
        ))}
      </Table>
      {more}
    </>
  );
}
