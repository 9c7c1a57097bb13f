import { SECOND, type Us } from '../../sim/time.ts';
import { type Labels, labelsOf, NO_LABELS, type Sample } from '../labels.ts';
import { LOOKBACK_US } from '../series.ts';
import { compileAggregate } from './aggregate.ts';
import { type BinaryExpr, type CallExpr, type Expr, type MatrixSelector, PromqlError } from './ast.ts';
import {
  arithmetic,
  comparison,
  compileSetOp,
  compileVectors,
  compileWithScalar,
  isComparison,
  isSetOp,
} from './binary.ts';
import { histogramQuantile } from './histogram.ts';
import { parsePromql } from './parse.ts';
import { predictLinear, RANGE_FUNCTIONS } from './range-functions.ts';
import { compileInstant, compileOverRange, type EvalContext } from './selectors.ts';

export type ScalarFn = (context: EvalContext) => number;
export type VectorFn = (context: EvalContext) => readonly Sample[];
type Compiled =
  | { readonly kind: 'scalar'; readonly run: ScalarFn }
  | { readonly kind: 'vector'; readonly run: VectorFn };

/** A parsed and compiled expression. */
export interface CompiledExpr {
  /** Evaluates to an instant vector; a scalar becomes one element without labels. Throws `PromqlError` (see `compileVectors`). */
  readonly evaluate: VectorFn;
  /** How far back the expression looks, offsets and the five-minute look-back included. */
  readonly reachUs: Us;
  /** The metric names it reads, in order of first use. */
  readonly metrics: readonly string[];
}

/** Compiles PromQL text. Throws `PromqlError` for what is not PromQL, of the wrong type, or outside the supported subset. */
export function compilePromql(text: string): CompiledExpr {
  const expr = parsePromql(text);
  const compiled = compile(expr);
  const { reachUs, metrics } = needsOf(expr);
  if (compiled.kind === 'vector') return { evaluate: compiled.run, reachUs, metrics };
  const { run } = compiled;
  return { evaluate: (context) => [{ name: '', labels: NO_LABELS, value: run(context) }], reachUs, metrics };
}

function needsOf(root: Expr): { reachUs: Us; metrics: string[] } {
  const metrics: string[] = [];
  let reachUs = LOOKBACK_US;
  const visit = (expr: Expr, rangeUs: Us): void => {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return;
      case 'selector':
        if (!metrics.includes(expr.metric)) metrics.push(expr.metric);
        reachUs = Math.max(reachUs, expr.offsetUs + rangeUs + LOOKBACK_US);
        return;
      case 'matrix':
        visit(expr.selector, expr.rangeUs);
        return;
      case 'negate':
      case 'aggregate':
        visit(expr.operand, 0);
        return;
      case 'call':
        for (const arg of expr.args) visit(arg, 0);
        return;
      case 'binary':
        visit(expr.left, 0);
        visit(expr.right, 0);
    }
  };
  visit(root, 0);
  return { reachUs, metrics };
}

function compile(expr: Expr): Compiled {
  switch (expr.kind) {
    case 'number': {
      const { value } = expr;
      return { kind: 'scalar', run: () => value };
    }
    case 'string':
      throw new PromqlError('a string stands where a number or a vector is needed', expr.at);
    case 'matrix':
      throw new PromqlError('a range selector stands outside a function that takes one', expr.at);
    case 'selector':
      return { kind: 'vector', run: compileInstant(expr) };
    case 'negate':
      return compileNegate(compile(expr.operand));
    case 'call':
      return compileCall(expr);
    case 'aggregate': {
      const operand = vectorArg(expr.operand, `${expr.op}()`);
      const aggregate = compileAggregate(expr);
      return { kind: 'vector', run: (context) => aggregate(operand(context)) };
    }
    case 'binary':
      return compileBinary(expr);
  }
}

function compileNegate(operand: Compiled): Compiled {
  if (operand.kind === 'scalar') {
    const { run } = operand;
    return { kind: 'scalar', run: (context) => -run(context) };
  }
  return mapValues(operand.run, (value) => -value);
}

/** Applies `fn` to each value; the metric name goes, for the values are no longer the metric's. */
function mapValues(vector: VectorFn, fn: (value: number, context: EvalContext) => number): Compiled {
  return {
    kind: 'vector',
    run: (context) =>
      vector(context).map((sample) => ({ name: '', labels: sample.labels, value: fn(sample.value, context) })),
  };
}

function compileBinary(expr: BinaryExpr): Compiled {
  const { op, returnBool, at } = expr;
  const left = compile(expr.left);
  const right = compile(expr.right);
  if (returnBool && !isComparison(op)) throw new PromqlError(`bool stands only with a comparison, not with ${op}`, at);
  const bothVectors = left.kind === 'vector' && right.kind === 'vector';
  if (expr.matching !== undefined && !bothVectors) {
    throw new PromqlError(`on() and ignoring() stand only between two vectors, not with a scalar beside ${op}`, at);
  }
  if (isSetOp(op)) {
    if (left.kind !== 'vector' || right.kind !== 'vector')
      throw new PromqlError(`${op} stands only between two vectors`, at);
    if (expr.matching !== undefined && expr.matching.group !== 'none') {
      throw new PromqlError(`group_${expr.matching.group} does not go with ${op}`, at);
    }
    return combineVectors(left.run, right.run, compileSetOp(op, expr.matching));
  }
  if (left.kind === 'vector' && right.kind === 'vector')
    return combineVectors(left.run, right.run, compileVectors(expr));
  if (left.kind === 'vector') return withScalar(left.run, right as { run: ScalarFn }, compileWithScalar(expr, false));
  if (right.kind === 'vector') return withScalar(right.run, left, compileWithScalar(expr, true));
  const a = left.run;
  const b = right.run;
  if (!isComparison(op)) {
    const apply = arithmetic(op);
    return { kind: 'scalar', run: (context) => apply(a(context), b(context)) };
  }
  if (!returnBool) throw new PromqlError(`comparison ${op} between two scalars needs bool`, at);
  const compare = comparison(op);
  return { kind: 'scalar', run: (context) => (compare(a(context), b(context)) ? 1 : 0) };
}

function combineVectors(left: VectorFn, right: VectorFn, combine: ReturnType<typeof compileVectors>): Compiled {
  return { kind: 'vector', run: (context) => combine(left(context), right(context)) };
}

function withScalar(
  vector: VectorFn,
  scalar: { run: ScalarFn },
  combine: ReturnType<typeof compileWithScalar>,
): Compiled {
  return { kind: 'vector', run: (context) => combine(vector(context), scalar.run(context)) };
}

function compileCall(expr: CallExpr): Compiled {
  const { name, args, at } = expr;
  const overRange = RANGE_FUNCTIONS.get(name);
  if (overRange !== undefined) {
    expectArgs(expr, 1);
    return { kind: 'vector', run: compileOverRange(matrixArg(args[0]!, name), overRange) };
  }
  const compileFunction = FUNCTIONS.get(name);
  if (compileFunction === undefined) throw new PromqlError(`function ${name}() is outside the supported subset`, at);
  return compileFunction(expr);
}

const FUNCTIONS: ReadonlyMap<string, (expr: CallExpr) => Compiled> = new Map<string, (expr: CallExpr) => Compiled>([
  ['abs', (expr) => elementwise(expr, Math.abs)],
  ['ceil', (expr) => elementwise(expr, (value) => -Math.floor(-value))],
  ['floor', (expr) => elementwise(expr, Math.floor)],
  ['clamp_min', (expr) => clamp(expr, Math.max)],
  ['clamp_max', (expr) => clamp(expr, Math.min)],
  ['predict_linear', compilePredictLinear],
  ['histogram_quantile', compileHistogramQuantile],
  ['absent', compileAbsent],
  ['scalar', compileScalar],
  ['vector', compileVector],
  ['time', compileTime],
]);

function elementwise(expr: CallExpr, fn: (value: number) => number): Compiled {
  expectArgs(expr, 1);
  return mapValues(vectorArg(expr.args[0]!, expr.name), fn);
}

function clamp(expr: CallExpr, pick: (a: number, b: number) => number): Compiled {
  expectArgs(expr, 2);
  const limit = scalarArg(expr.args[1]!, expr.name);
  return mapValues(vectorArg(expr.args[0]!, expr.name), (value, context) => pick(value, limit(context)));
}

function compilePredictLinear(expr: CallExpr): Compiled {
  expectArgs(expr, 2);
  const seconds = scalarArg(expr.args[1]!, expr.name);
  const matrix = matrixArg(expr.args[0]!, expr.name);
  return {
    kind: 'vector',
    run: compileOverRange(matrix, (window, context) => predictLinear(window, seconds(context))),
  };
}

function compileHistogramQuantile(expr: CallExpr): Compiled {
  expectArgs(expr, 2);
  const quantile = scalarArg(expr.args[0]!, expr.name);
  const buckets = vectorArg(expr.args[1]!, expr.name);
  return { kind: 'vector', run: (context) => histogramQuantile(quantile(context), buckets(context)) };
}

function compileAbsent(expr: CallExpr): Compiled {
  expectArgs(expr, 1);
  const vector = vectorArg(expr.args[0]!, expr.name);
  const found: Sample[] = [{ name: '', labels: absentLabels(expr.args[0]!), value: 1 }];
  return { kind: 'vector', run: (context) => (vector(context).length === 0 ? found : []) };
}

/** The result's labels come from the selector's equality matchers; a later matcher on the same label takes it out again. */
function absentLabels(arg: Expr): Labels {
  if (arg.kind !== 'selector') return NO_LABELS;
  const found = new Map<string, string>();
  const equalled = new Set<string>();
  for (const { name, op, value } of arg.matchers) {
    if (op === '=' && !equalled.has(name)) {
      found.set(name, value);
      equalled.add(name);
    } else found.delete(name);
  }
  return labelsOf(found);
}

function compileScalar(expr: CallExpr): Compiled {
  expectArgs(expr, 1);
  const vector = vectorArg(expr.args[0]!, expr.name);
  return {
    kind: 'scalar',
    run: (context) => {
      const samples = vector(context);
      return samples.length === 1 ? samples[0]!.value : Number.NaN;
    },
  };
}

function compileVector(expr: CallExpr): Compiled {
  expectArgs(expr, 1);
  const scalar = scalarArg(expr.args[0]!, expr.name);
  return { kind: 'vector', run: (context) => [{ name: '', labels: NO_LABELS, value: scalar(context) }] };
}

function compileTime(expr: CallExpr): Compiled {
  expectArgs(expr, 0);
  return { kind: 'scalar', run: (context) => (context.epochUs + context.timeUs) / SECOND };
}

function expectArgs(expr: CallExpr, count: number): void {
  if (expr.args.length === count) return;
  throw new PromqlError(`${expr.name}() takes ${count} argument(s), not ${expr.args.length}`, expr.at);
}

function matrixArg(arg: Expr, name: string): MatrixSelector {
  if (arg.kind !== 'matrix') throw new PromqlError(`${name}() needs a range selector such as metric[5m]`, arg.at);
  return arg;
}

function vectorArg(arg: Expr, name: string): VectorFn {
  const compiled = compile(arg);
  if (compiled.kind !== 'vector') throw new PromqlError(`${name} needs an instant vector, not a scalar`, arg.at);
  return compiled.run;
}

function scalarArg(arg: Expr, name: string): ScalarFn {
  const compiled = compile(arg);
  if (compiled.kind !== 'scalar') throw new PromqlError(`${name} needs a scalar, not a vector`, arg.at);
  return compiled.run;
}
