import type { Us } from '../../sim/time.ts';

/** A PromQL expression that cannot be loaded, or that failed while it was evaluated. `offset` counts characters from 0. */
export class PromqlError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'PromqlError';
    this.offset = offset;
  }
}

export type MatchOp = '=' | '!=' | '=~' | '!~';

export interface LabelMatcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%';
export type ComparisonOp = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type SetOp = 'and' | 'or' | 'unless';
export type AggregateOp = 'sum' | 'avg' | 'min' | 'max' | 'count';

/** How a binary operator pairs the elements of two vectors. `include` are the labels of `group_left(...)`/`group_right(...)`. */
export interface VectorMatching {
  readonly on: boolean;
  readonly labels: readonly string[];
  readonly group: 'none' | 'left' | 'right';
  readonly include: readonly string[];
}

/** `at` is the node's first character in the expression. */
export type VectorSelector = {
  readonly kind: 'selector';
  readonly at: number;
  readonly metric: string;
  readonly matchers: readonly LabelMatcher[];
  readonly offsetUs: Us;
};

export type MatrixSelector = {
  readonly kind: 'matrix';
  readonly at: number;
  readonly selector: VectorSelector;
  readonly rangeUs: Us;
};

export type AggregateExpr = {
  readonly kind: 'aggregate';
  readonly at: number;
  readonly op: AggregateOp;
  readonly grouping: 'by' | 'without';
  readonly labels: readonly string[];
  readonly operand: Expr;
};

export type BinaryExpr = {
  readonly kind: 'binary';
  readonly at: number;
  readonly op: ArithmeticOp | ComparisonOp | SetOp;
  readonly returnBool: boolean;
  readonly matching: VectorMatching | undefined;
  readonly left: Expr;
  readonly right: Expr;
};

export type CallExpr = {
  readonly kind: 'call';
  readonly at: number;
  readonly name: string;
  readonly args: readonly Expr[];
};

export type Expr =
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  | { readonly kind: 'string'; readonly at: number; readonly value: string }
  | VectorSelector
  | MatrixSelector
  | { readonly kind: 'negate'; readonly at: number; readonly operand: Expr }
  | CallExpr
  | AggregateExpr
  | BinaryExpr;
