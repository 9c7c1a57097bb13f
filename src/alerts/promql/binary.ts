import {
  dropLabels,
  formatLabels,
  keepLabels,
  type Labels,
  labelKey,
  labelValue,
  overlayLabels,
  type Sample,
} from '../labels.ts';
import {
  type ArithmeticOp,
  type BinaryExpr,
  type ComparisonOp,
  PromqlError,
  type SetOp,
  type VectorMatching,
} from './ast.ts';

const DEFAULT_MATCHING: VectorMatching = { on: false, labels: [], group: 'none', include: [] };

type Combine = (left: readonly Sample[], right: readonly Sample[]) => Sample[];

export function isSetOp(op: BinaryExpr['op']): op is SetOp {
  return op === 'and' || op === 'or' || op === 'unless';
}

export function isComparison(op: BinaryExpr['op']): op is ComparisonOp {
  return op === '==' || op === '!=' || op === '<' || op === '<=' || op === '>' || op === '>=';
}

export function arithmetic(op: ArithmeticOp): (left: number, right: number) => number {
  switch (op) {
    case '+':
      return (left, right) => left + right;
    case '-':
      return (left, right) => left - right;
    case '*':
      return (left, right) => left * right;
    case '/':
      return (left, right) => left / right;
    case '%':
      return (left, right) => left % right;
  }
}

export function comparison(op: ComparisonOp): (left: number, right: number) => boolean {
  switch (op) {
    case '==':
      return (left, right) => left === right;
    case '!=':
      return (left, right) => left !== right;
    case '<':
      return (left, right) => left < right;
    case '<=':
      return (left, right) => left <= right;
    case '>':
      return (left, right) => left > right;
    case '>=':
      return (left, right) => left >= right;
  }
}

/** What one pair of elements gives: `undefined` if a filtering comparison drops it. */
type Element = { readonly apply: (left: number, right: number) => number | undefined; readonly keepsName: boolean };

function elementOf(expr: BinaryExpr): Element {
  const { op, returnBool } = expr;
  if (isSetOp(op)) throw new PromqlError(`set operator ${op} has no element form`, expr.at);
  if (!isComparison(op)) return { apply: arithmetic(op), keepsName: false };
  const compare = comparison(op);
  if (returnBool) return { apply: (left, right) => (compare(left, right) ? 1 : 0), keepsName: false };
  return { apply: (left, right) => (compare(left, right) ? left : undefined), keepsName: true };
}

/** One vector and one scalar. A filtering comparison keeps the vector element's value on whichever side it stands. */
export function compileWithScalar(
  expr: BinaryExpr,
  scalarOnLeft: boolean,
): (vector: readonly Sample[], scalar: number) => Sample[] {
  const { apply, keepsName } = elementOf(expr);
  return (vector, scalar) => {
    const out: Sample[] = [];
    for (const sample of vector) {
      const value = scalarOnLeft ? apply(scalar, sample.value) : apply(sample.value, scalar);
      if (value === undefined) continue;
      if (keepsName) out.push(sample);
      else out.push({ name: '', labels: sample.labels, value });
    }
    return out;
  };
}

/** The text by which elements of both sides find each other; the metric name never counts. */
function signatureOf(matching: VectorMatching): (labels: Labels) => string {
  const { labels: names } = matching;
  if (matching.on) return (labels) => labelKey(keepLabels(labels, names));
  return (labels) => labelKey(dropLabels(labels, names));
}

export function compileSetOp(op: SetOp, matching: VectorMatching = DEFAULT_MATCHING): Combine {
  const signature = signatureOf(matching);
  return (left, right) => {
    if (op === 'or') {
      const seen = new Set(left.map((sample) => signature(sample.labels)));
      return [...left, ...right.filter((sample) => !seen.has(signature(sample.labels)))];
    }
    const wanted = new Set(right.map((sample) => signature(sample.labels)));
    return left.filter((sample) => wanted.has(signature(sample.labels)) === (op === 'and'));
  };
}

/**
 * Two vectors: one-to-one, or many-to-one with `group_left`/`group_right`. Throws `PromqlError` while evaluating if the "one" side has
 * two elements for a match group, or if the results would not be unique.
 */
export function compileVectors(expr: BinaryExpr): Combine {
  const matching = expr.matching ?? DEFAULT_MATCHING;
  const signature = signatureOf(matching);
  const { apply, keepsName } = elementOf(expr);
  const oneIsLeft = matching.group === 'right';
  return (left, right) => {
    // As Prometheus: where a side is empty nothing can match, and duplicates on the other are no error.
    if (left.length === 0 || right.length === 0) return [];
    const one = indexOneSide(oneIsLeft ? left : right, signature, expr.at);
    const seen = new Set<string>();
    const out: Sample[] = [];
    for (const many of oneIsLeft ? right : left) {
      const key = signature(many.labels);
      const other = one.get(key);
      if (other === undefined) continue;
      const value = oneIsLeft ? apply(other.value, many.value) : apply(many.value, other.value);
      if (value === undefined) continue;
      const labels = resultLabels(many.labels, other.labels, matching);
      const unique = matching.group === 'none' ? key : labelKey(labels);
      if (seen.has(unique)) refuseDuplicate(many.labels, matching, expr.at);
      seen.add(unique);
      // on() keeps only the labels it lists, so the name goes with the others.
      const name = keepsName && !(matching.on && matching.group === 'none') ? many.name : '';
      out.push({ name, labels, value });
    }
    return out;
  };
}

function indexOneSide(side: readonly Sample[], signature: (labels: Labels) => string, at: number): Map<string, Sample> {
  const index = new Map<string, Sample>();
  for (const sample of side) {
    const key = signature(sample.labels);
    const other = index.get(key);
    if (other !== undefined) {
      throw new PromqlError(
        `many-to-many matching: ${formatLabels(other.labels)} and ${formatLabels(sample.labels)} fall into one match group`,
        at,
      );
    }
    index.set(key, sample);
  }
  return index;
}

function refuseDuplicate(labels: Labels, matching: VectorMatching, at: number): never {
  const remedy =
    matching.group === 'none' ? 'say group_left or group_right' : 'let the grouping labels tell the results apart';
  throw new PromqlError(`several elements match where one may: ${formatLabels(labels)}; ${remedy}`, at);
}

function resultLabels(many: Labels, one: Labels, matching: VectorMatching): Labels {
  if (matching.group === 'none') {
    return matching.on ? keepLabels(many, matching.labels) : dropLabels(many, matching.labels);
  }
  return overlayLabels(
    many,
    matching.include.map((name) => [name, labelValue(one, name)] as const),
  );
}
