import { labelValue, type Sample } from './labels.ts';

/** Fills in one label or annotation of a rule for one element of the rule's result. */
export type Template = (sample: Sample) => string;

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'value' };

/**
 * Compiles the subset of Prometheus's templates that rules need: `{{ $value }}` and `{{ $labels.name }}` (a missing label gives
 * '', `__name__` the metric's name while the expression keeps it). Throws an `Error` that names any other action.
 */
export function compileTemplate(text: string): Template {
  const parts: Part[] = [];
  let rest = text;
  for (;;) {
    const open = rest.indexOf('{{');
    if (open < 0) break;
    const close = rest.indexOf('}}', open);
    if (close < 0) throw new Error('template action {{ is not closed by }}');
    if (open > 0) parts.push({ kind: 'text', text: rest.slice(0, open) });
    parts.push(actionPart(rest.slice(open + 2, close).trim()));
    rest = rest.slice(close + 2);
  }
  if (rest !== '') parts.push({ kind: 'text', text: rest });
  if (parts.every((part) => part.kind === 'text')) return () => text;
  return ({ name, labels, value }) => {
    let out = '';
    for (const part of parts) {
      if (part.kind === 'text') out += part.text;
      else if (part.kind === 'value') out += formatValue(value);
      else out += part.name === '__name__' ? name : labelValue(labels, part.name);
    }
    return out;
  };
}

function actionPart(action: string): Part {
  if (action === '$value') return { kind: 'value' };
  const label = /^\$labels\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(action);
  if (label !== null) return { kind: 'label', name: label[1]! };
  throw new Error(`template action {{ ${action} }} is outside the supported subset ({{ $value }}, {{ $labels.name }})`);
}

/** As Go's `%v` prints a float64 (package strconv, format `g`, shortest): outside of these powers of ten with an exponent. */
const EXPONENT_MIN = -4;
const EXPONENT_END = 6;

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (Number.isNaN(value) || value === 0) return Object.is(value, -0) ? '-0' : String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= EXPONENT_MIN && power < EXPONENT_END) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
