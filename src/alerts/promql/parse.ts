import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import {
  type AggregateExpr,
  type AggregateOp,
  type BinaryExpr,
  type Expr,
  type LabelMatcher,
  type MatchOp,
  PromqlError,
  type VectorMatching,
} from './ast.ts';
import { parseNumber, parseRange, parseString } from './literals.ts';

const BINARY_OPS: ReadonlyMap<string, BinaryExpr['op']> = new Map<string, BinaryExpr['op']>([
  ['Add', '+'],
  ['Sub', '-'],
  ['Mul', '*'],
  ['Div', '/'],
  ['Mod', '%'],
  ['Eql', '=='],
  ['Neq', '!='],
  ['Lss', '<'],
  ['Lte', '<='],
  ['Gtr', '>'],
  ['Gte', '>='],
  ['And', 'and'],
  ['Or', 'or'],
  ['Unless', 'unless'],
]);

const MATCH_OPS: ReadonlyMap<string, MatchOp> = new Map<string, MatchOp>([
  ['EqlSingle', '='],
  ['Neq', '!='],
  ['EqlRegex', '=~'],
  ['NeqRegex', '!~'],
]);

const AGGREGATES: readonly AggregateOp[] = ['sum', 'avg', 'min', 'max', 'count'];

/**
 * Parses one expression of the supported PromQL subset. Throws `PromqlError` with the position of what is wrong or outside
 * the subset, named.
 */
export function parsePromql(text: string): Expr {
  const tree = parser.parse(text);
  const reader = new Reader(text);
  reader.refuseErrors(tree.topNode);
  return reader.expr(reader.children(tree.topNode)[0]!);
}

class Reader {
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  children(node: SyntaxNode): SyntaxNode[] {
    const list: SyntaxNode[] = [];
    for (let child = node.firstChild; child !== null; child = child.nextSibling) {
      if (child.name !== 'LineComment') list.push(child);
    }
    return list;
  }

  /** Turns the parser's first error node into a message; `name(` that is no function is the common case. */
  refuseErrors(top: SyntaxNode): void {
    let bad: { from: number } | undefined;
    top.cursor().iterate((node) => {
      if (node.type.isError && bad === undefined) bad = { from: node.from };
      return bad === undefined;
    });
    if (bad === undefined) return;
    const { from } = bad as { from: number };
    const before = /([A-Za-z_:][A-Za-z0-9_:]*)\s*$/.exec(this.text.slice(0, from));
    if (before !== null && /^\s*\(/.test(this.text.slice(from))) {
      throw new PromqlError(`unknown function ${before[1]}()`, before.index);
    }
    const rest = this.text.slice(from).trim();
    const what = rest === '' ? 'the expression ends too early' : `unexpected ${JSON.stringify(rest.slice(0, 20))}`;
    throw new PromqlError(`not valid PromQL: ${what}`, from);
  }

  expr(node: SyntaxNode): Expr {
    switch (node.name) {
      case 'NumberDurationLiteral':
        return { kind: 'number', at: node.from, value: this.number(node) };
      case 'StringLiteral':
        return { kind: 'string', at: node.from, value: this.string(node) };
      case 'ParenExpr':
        return this.expr(this.children(node)[0]!);
      case 'VectorSelector':
        return this.selector(node);
      case 'MatrixSelector':
        return this.matrix(node);
      case 'OffsetExpr':
        return this.offset(node);
      case 'UnaryExpr':
        return this.unary(node);
      case 'FunctionCall':
        return this.call(node);
      case 'AggregateExpr':
        return this.aggregate(node);
      case 'BinaryExpr':
        return this.binary(node);
      default:
        throw new PromqlError(`${OUTSIDE.get(node.name) ?? node.name} is outside the supported subset`, node.from);
    }
  }

  private slice(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  private number(node: SyntaxNode): number {
    const value = parseNumber(this.slice(node));
    if (value === undefined) throw new PromqlError(`number ${this.slice(node)} cannot be read`, node.from);
    return value;
  }

  private string(node: SyntaxNode): string {
    const value = parseString(this.slice(node));
    if (value === undefined) {
      throw new PromqlError(`string ${this.slice(node)} is not closed or has an unsupported escape`, node.from);
    }
    return value;
  }

  private selector(node: SyntaxNode): Extract<Expr, { kind: 'selector' }> {
    let metric = '';
    const matchers: LabelMatcher[] = [];
    for (const child of this.children(node)) {
      if (child.name === 'Identifier') metric = this.slice(child);
      else for (const item of this.children(child)) matchers.push(this.matcher(item));
    }
    const named = matchers.filter((matcher) => matcher.name === '__name__');
    if (named.length === 1 && metric === '' && named[0]!.op === '=') metric = named[0]!.value;
    else if (named.length > 0) {
      throw new PromqlError('a matcher on __name__ other than one = is outside the supported subset', node.from);
    }
    if (metric === '') {
      throw new PromqlError('a selector without a metric name is outside the supported subset', node.from);
    }
    const rest = matchers.filter((matcher) => matcher.name !== '__name__');
    return { kind: 'selector', at: node.from, metric, matchers: rest, offsetUs: 0 };
  }

  private matcher(node: SyntaxNode): LabelMatcher {
    if (node.name !== 'UnquotedLabelMatcher') {
      throw new PromqlError('a quoted label or metric name is outside the supported subset', node.from);
    }
    const [name, op, value] = this.children(node) as [SyntaxNode, SyntaxNode, SyntaxNode];
    return { name: this.slice(name), op: MATCH_OPS.get(op.firstChild!.name)!, value: this.string(value) };
  }

  private matrix(node: SyntaxNode): Expr {
    const [inner, duration] = this.children(node) as [SyntaxNode, SyntaxNode];
    if (inner.name !== 'VectorSelector') {
      throw new PromqlError('a range stands only directly after a vector selector', node.from);
    }
    const rangeUs = this.duration(duration);
    if (rangeUs <= 0) throw new PromqlError('a range must be longer than 0', duration.from);
    return { kind: 'matrix', at: node.from, selector: this.selector(inner), rangeUs };
  }

  /**
   * The grammar binds `offset` to everything on its left (`a + b offset 1m` becomes `(a + b) offset 1m`), unlike Prometheus.
   * To read it otherwise would be a guess about precedence, so such text is refused with the remedy.
   */
  private offset(node: SyntaxNode): Expr {
    const [inner, , duration] = this.children(node) as [SyntaxNode, SyntaxNode, SyntaxNode];
    if (inner.name !== 'VectorSelector' && inner.name !== 'MatrixSelector') {
      throw new PromqlError(
        'offset after more than one selector: put the selector and its offset in parentheses',
        node.from,
      );
    }
    const offsetUs = this.duration(duration);
    if (offsetUs < 0) throw new PromqlError('a negative offset is outside the supported subset', duration.from);
    const operand = this.expr(inner);
    if (operand.kind === 'selector') return { ...operand, offsetUs };
    if (operand.kind === 'matrix') return { ...operand, selector: { ...operand.selector, offsetUs } };
    throw new PromqlError('offset stands only after a selector', node.from);
  }

  private duration(node: SyntaxNode): number {
    const us = parseRange(this.slice(node));
    if (us === undefined) {
      throw new PromqlError(
        `duration ${this.slice(node)} is outside the supported subset: write it as 5m or 300`,
        node.from,
      );
    }
    return us;
  }

  private unary(node: SyntaxNode): Expr {
    const [op, operand] = this.children(node) as [SyntaxNode, SyntaxNode];
    const inner = this.expr(operand);
    return this.slice(op) === '-' ? { kind: 'negate', at: node.from, operand: inner } : inner;
  }

  private call(node: SyntaxNode): Expr {
    const [identifier, body] = this.children(node) as [SyntaxNode, SyntaxNode];
    const args = this.children(body).map((arg) => this.expr(arg));
    return { kind: 'call', at: node.from, name: this.slice(identifier), args };
  }

  private aggregate(node: SyntaxNode): AggregateExpr {
    const parts = this.children(node);
    const op = this.slice(parts[0]!).toLowerCase();
    const known = AGGREGATES.find((candidate) => candidate === op);
    if (known === undefined) throw new PromqlError(`aggregation ${op}() is outside the supported subset`, node.from);
    const modifier = parts.find((part) => part.name === 'AggregateModifier');
    const args = this.children(parts.find((part) => part.name === 'FunctionCallBody')!);
    if (args.length !== 1)
      throw new PromqlError(`aggregation ${op}() takes one argument, not ${args.length}`, node.from);
    const operand = this.expr(args[0]!);
    if (modifier === undefined)
      return { kind: 'aggregate', at: node.from, op: known, grouping: 'by', labels: [], operand };
    const [word, list] = this.children(modifier) as [SyntaxNode, SyntaxNode];
    const grouping = word.name === 'By' ? 'by' : 'without';
    return { kind: 'aggregate', at: node.from, op: known, grouping, labels: this.groupingLabels(list), operand };
  }

  private groupingLabels(node: SyntaxNode): string[] {
    return this.children(node).map((label) => {
      const name = this.slice(label);
      if (label.name !== 'LabelName' || name === '__name__') {
        throw new PromqlError(`grouping by ${name} is outside the supported subset`, label.from);
      }
      return name;
    });
  }

  private binary(node: SyntaxNode): Expr {
    const parts = this.children(node);
    const opNode = parts[1]!;
    const op = BINARY_OPS.get(opNode.name);
    if (op === undefined)
      throw new PromqlError(`operator ${this.slice(opNode)} is outside the supported subset`, opNode.from);
    let returnBool = false;
    let matching: VectorMatching | undefined;
    for (const part of parts.slice(2, -1)) {
      if (part.name === 'BoolModifier') returnBool = true;
      else if (part.name === 'MatchingModifierClause') matching = this.matching(part);
      else throw new PromqlError(`modifier ${this.slice(part)} is outside the supported subset`, part.from);
    }
    const left = this.expr(parts[0]!);
    const right = this.expr(parts.at(-1)!);
    return { kind: 'binary', at: opNode.from, op, returnBool, matching, left, right };
  }

  private matching(node: SyntaxNode): VectorMatching {
    const parts = this.children(node);
    const group = parts[2]?.name === 'GroupLeft' ? 'left' : parts[2]?.name === 'GroupRight' ? 'right' : 'none';
    const on = parts[0]!.name === 'On';
    const labels = this.groupingLabels(parts[1]!);
    const include = parts[3] === undefined ? [] : this.groupingLabels(parts[3]);
    const both = on ? include.find((name) => labels.includes(name)) : undefined;
    if (both !== undefined)
      throw new PromqlError(`label ${both} stands both in on() and in group_${group}()`, node.from);
    return { on, labels, group, include };
  }
}

const OUTSIDE: ReadonlyMap<string, string> = new Map([
  ['SubqueryExpr', 'a subquery [range:step]'],
  ['StepInvariantExpr', 'the @ modifier'],
  ['AnchoredExpr', 'the anchored modifier'],
  ['SmoothedExpr', 'the smoothed modifier'],
]);
