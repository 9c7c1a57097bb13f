import { useEffect, useState } from 'preact/hooks';
import type { ReportModel } from '../report/model.ts';
import { Coverage, Mutants } from './coverage.tsx';
import { Detail } from './detail.tsx';
import { Failures } from './failures.tsx';
import { isForPage } from './keys.ts';
import { Overview } from './overview.tsx';
import { openForPrint } from './printing.ts';
import { Rehearsal, Rehearsals, RunbookFindings } from './rehearsals.tsx';
import { addressOf, type Route } from './route.ts';
import { Runs } from './runs.tsx';
import { useRoute } from './visits.ts';

/** The whole page: what it is about, where one can go, and the place that the address names. */
export function App({ model }: { model: ReportModel }) {
  const [route, choose] = useRoute();
  useEffect(() => listenToKeys(tabsOf(model)), [model]);
  useEffect(openForPrint, []);
  const { made } = model;
  return (
    <>
      <header>
        <p class="subject">{model.subject}</p>
        <h1>{model.title}</h1>
        <p class="quiet">
          firedrill {made.firedrill}, Node {made.node}, commit {made.commit.slice(0, 12)}
          {made.dirty ? ' with changes' : ''}, from {made.source}
        </p>
        <nav aria-label="Parts of the report">
          {tabsOf(model).map(([name, to], index) => (
            <a
              key={name}
              href={addressOf(to)}
              aria-current={isAt(to, route) ? 'page' : undefined}
              title={`Key ${index + 1}`}
            >
              {name}
            </a>
          ))}
          <ThemeButton />
        </nav>
      </header>
      <main>
        <Place model={model} route={route} onChoose={choose} />
      </main>
    </>
  );
}

interface PlaceProps {
  readonly model: ReportModel;
  readonly route: Route;
  readonly onChoose: (event: number) => void;
}

function Place({ model, route, onChoose }: PlaceProps) {
  switch (route.view) {
    case 'runs':
      return <Runs model={model} />;
    case 'failures':
      return <Failures model={model} />;
    case 'rehearsals':
      return <Rehearsals model={model} />;
    case 'rehearsal':
      return <Rehearsal model={model} id={route.id} />;
    case 'coverage':
      return <Coverage model={model} />;
    case 'mutants':
      return <Mutants model={model} />;
    case 'runbook':
      return <RunbookFindings model={model} />;
    case 'failure': {
      const signature = model.signatures[route.number - 1];
      const detail = route.number === 0 ? model.shown : (signature?.detail ?? null);
      return (
        <Detail
          key={route.number}
          detail={detail}
          signature={signature}
          kind={model.kind}
          event={route.event}
          onChoose={onChoose}
        />
      );
    }
    default:
      return <Overview model={model} />;
  }
}

/** Parts that have something to show. */
function tabsOf(model: ReportModel): (readonly [name: string, to: Route])[] {
  const tabs: (readonly [string, Route])[] = [['Overview', { view: 'overview' }]];
  if (model.shown !== null) tabs.push(['The run', { view: 'failure', number: 0, event: -1 }]);
  if (model.signatures.length > 0) tabs.push(['Failures', { view: 'failures' }]);
  if (model.runs.length > 0) tabs.push(['Runs', { view: 'runs' }]);
  if (model.scenarios.length > 0) tabs.push(['Rehearsals', { view: 'rehearsals' }]);
  if (model.runbookFindings.length > 0) tabs.push(['Runbook findings', { view: 'runbook' }]);
  if (model.coverage !== null || model.marks.length > 0) tabs.push(['Coverage', { view: 'coverage' }]);
  if (model.mutants.length > 0) tabs.push(['Mutants', { view: 'mutants' }]);
  return tabs;
}

function isAt(to: Route, route: Route): boolean {
  if (to.view === 'failure') return route.view === 'failure' && route.number === to.number;
  if (to.view === 'failures') return route.view === 'failures' || (route.view === 'failure' && route.number > 0);
  return to.view === route.view || (to.view === 'rehearsals' && route.view === 'rehearsal');
}

/** Digits go to the parts, `/` to the first search field; not while somebody types. */
function listenToKeys(tabs: ReturnType<typeof tabsOf>): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (!isForPage(event)) return;
    const tab = tabs[Number(event.key) - 1];
    if (tab !== undefined) location.hash = addressOf(tab[1]);
    else if (event.key === '/') {
      event.preventDefault();
      document.querySelector<HTMLInputElement>('input.search')?.focus();
    }
  };
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}

/** Dark or light as the system wishes, until somebody chooses. */
function ThemeButton() {
  const [theme, setTheme] = useState('');
  const dark = theme === '' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
  const turn = () => {
    const next = dark ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = next;
    setTheme(next);
  };
  return (
    <button type="button" class="theme" onClick={turn}>
      {dark ? 'light' : 'dark'}
    </button>
  );
}
