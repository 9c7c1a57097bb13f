/** What the address after `#/` shows. Every place of the page has one, so that a link leads back to it. */
export type Route =
  | { readonly view: 'overview' | 'runs' | 'failures' | 'rehearsals' | 'coverage' | 'mutants' | 'runbook' }
  | { readonly view: 'rehearsal'; readonly id: string }
  | { readonly view: 'failure'; readonly number: number; readonly event: number };

const PLAIN = ['runs', 'failures', 'rehearsals', 'coverage', 'mutants', 'runbook'] as const;

/** The place of an address; an unknown one is the overview. Failure 0 is the run of a bundle that did not fail. */
export function routeOf(hash: string): Route {
  const [first, second, third, fourth] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  if (first === 'failure' && /^\d+$/.test(second ?? '')) {
    const event = third === 'event' && /^\d+$/.test(fourth ?? '') ? Number(fourth) : -1;
    return { view: 'failure', number: Number(second), event };
  }
  if (first === 'rehearsal' && second !== undefined) return { view: 'rehearsal', id: second };
  return { view: PLAIN.find((view) => view === first) ?? 'overview' };
}

/** The address of a place. */
export function addressOf(route: Route): string {
  switch (route.view) {
    case 'failure':
      return `#/failure/${route.number}${route.event < 0 ? '' : `/event/${route.event}`}`;
    case 'rehearsal':
      return `#/rehearsal/${encodeURIComponent(route.id)}`;
    default:
      return route.view === 'overview' ? '#/' : `#/${route.view}`;
  }
}

/** The address of a place without the event that is chosen there. */
export function placeOf(route: Route): string {
  return addressOf(route.view === 'failure' ? { ...route, event: -1 } : route);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
