import type { ReportModel } from '../report/model.ts';
import { CoverageChart } from './charts.tsx';
import { useKept } from './kept.ts';
import { Search, Section, Table } from './parts.tsx';
import { countOf, durationOf, grouped, matches } from './words.ts';

export function Coverage({ model }: { model: ReportModel }) {
  const [search, setSearch] = useKept('marks search', '');
  const [rareOnly, setRareOnly] = useKept('marks rareOnly', false);
  const rows = model.marks.filter(
    (mark) =>
      (!rareOnly || mark.rare) && matches(search, `${mark.mark} ${mark.scenarios.join(' ')} ${mark.onlyElsewhere}`),
  );
  return (
    <>
      {model.coverage === null ? null : (
        <Section title="Coverage">
          <p>{countOf(model.coverage.features, 'feature')} of the protocol's states covered.</p>
          <CoverageChart coverage={model.coverage} />
        </Section>
      )}
      {model.marks.length === 0 ? null : (
        <Section title="Marks">
          <div class="filters">
            <Search label="Search the marks" value={search} onValue={setSearch} />
            <label>
              <input type="checkbox" checked={rareOnly} onChange={() => setRareOnly(!rareOnly)} /> only rare ones
            </label>
            <span class="quiet" role="status">
              {rows.length} of {countOf(model.marks.length, 'mark')}
            </span>
          </div>
          <Table heads={['mark', 'runs', '', 'scenarios']}>
            {rows.map((mark) => (
              <tr key={mark.mark}>
                <td>{mark.mark}</td>
                <td class="number">{grouped(mark.runs)}</td>
                <td>
                  {mark.rare ? <b>rare</b> : null} <span class="quiet">{mark.onlyElsewhere}</span>
                </td>
                <td class="quiet">{mark.scenarios.join(', ')}</td>
              </tr>
            ))}
          </Table>
        </Section>
      )}
    </>
  );
}

/** The kill table. */
export function Mutants({ model }: { model: ReportModel }) {
  const [search, setSearch] = useKept('mutants search', '');
  const rows = model.mutants.filter((each) =>
    matches(search, `${each.id} ${each.part} ${each.property} ${each.status}`),
  );
  const killed = model.mutants.filter((each) => each.killed).length;
  return (
    <Section title="Planted bugs">
      <p>
        {killed} of {countOf(model.mutants.length, 'planted bug')} found.
      </p>
      <div class="filters">
        <Search label="Search the planted bugs" value={search} onValue={setSearch} />
      </div>
      <Table
        heads={[
          'planted bug',
          'part',
          'found by',
          'status',
          'seeds: median',
          '95 %',
          'most',
          'virtual time: median',
          'fired',
        ]}
      >
        {rows.map((each) => (
          <tr key={each.id}>
            <td>{each.id}</td>
            <td>{each.part}</td>
            <td>{each.property}</td>
            <td>
              <span class={`verdict ${each.killed ? 'good' : 'bad'}`}>
                {each.killed ? '✓' : '✗'} {each.status}
              </span>
            </td>
            {[each.medianSeeds, each.p95Seeds, each.maxSeeds].map((seeds, place) => (
              <td class="number" key={place}>
                {seeds < 0 ? '–' : grouped(seeds)}
              </td>
            ))}
            <td class="number">{durationOf(each.medianVirtualUs)}</td>
            <td class="number">
              {grouped(each.fired)} of {grouped(each.runs)}
            </td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
