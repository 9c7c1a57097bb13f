import type { ReportModel } from '../report/model.ts';
import { useKept } from './kept.ts';
import { Choice, Search, Section, ShellLine, Table, useFirst, Verdict } from './parts.tsx';
import { countOf, durationOf, grouped, matches } from './words.ts';

/** Single runs, worst first. */
export function Runs({ model }: { model: ReportModel }) {
  const [search, setSearch] = useKept('runs search', '');
  const [verdict, setVerdict] = useKept('runs verdict', '');
  const found = model.runs.filter(
    (run) =>
      (verdict === '' || run.verdict === verdict) &&
      matches(search, `${run.scenario} ${run.variant} ${run.profile} ${run.seed} ${run.signature} ${run.explanation}`),
  );
  const { first, more } = useFirst('runs', found);
  return (
    <Section title="Runs, worst first">
      <div class="filters">
        <Search label="Search the runs" value={search} onValue={setSearch} />
        <Choice label="verdict" value={verdict} options={['passed', 'failed', 'inconclusive']} onValue={setVerdict} />
        <span class="quiet" role="status">
          {grouped(found.length)} of {countOf(model.runs.length, 'row')}
          {model.runsLeftOut > 0 ? `; ${countOf(model.runsLeftOut, 'run')} that ended no worse left out` : ''}
        </span>
      </div>
      <Table heads={['run', 'seed', 'verdict', 'why', 'events', 'virtual time', 'run it again']}>
        {first.map((run) => (
          <tr key={run.id}>
            <td>
              <b>{run.scenario}</b>
              <div class="quiet">
                {run.variant} · {run.profile}
              </div>
            </td>
            <td class="number">{run.seed}</td>
            <td>
              <Verdict verdict={run.verdict} expected={run.expected} />
              {run.reason === '' ? null : <div class="quiet">{run.reason}</div>}
            </td>
            <td>{run.explanation}</td>
            <td class="number">{grouped(run.events)}</td>
            <td class="number">{durationOf(run.virtualUs)}</td>
            <td>
              <ShellLine line={run.replay} />
            </td>
          </tr>
        ))}
      </Table>
      {more}
    </Section>
  );
}
