import type { CallExpression, Node } from 'oxc-parser';
import { type Ban, GLOBAL_BANS, MEMBER_ALLOW, MEMBER_BANS, METHOD_BANS } from './ban-table.ts';
import { isNodeModule, specifierOf } from './imports.ts';
import { moduleState } from './module-state.ts';
import { globalReferences } from './scope.ts';
import { at, type Finding, literalName, type Source, walk } from './source.ts';

const globals = byName(GLOBAL_BANS);
const methods = byName(METHOD_BANS);
const memberRules = new Map([
  ...MEMBER_BANS.map((ban) => [ban.object, { ...ban, refuses: (name: string) => ban.names.includes(name) }] as const),
  ...MEMBER_ALLOW.map((ban) => [ban.object, { ...ban, refuses: (name: string) => !ban.names.includes(name) }] as const),
]);

function byName(bans: readonly Ban[]): Map<string, Ban> {
  return new Map(bans.flatMap((ban) => ban.names.map((name) => [name, ban] as const)));
}

/** Everything in a file of a deterministic layer that could make two runs of one plan differ. */
export function banFindings(source: Source): Finding[] {
  const findings: Finding[] = [];
  const refuse = (node: { start: number }, rule: string, what: string, use: string): void => {
    findings.push(at(source, node, rule, `${what} is refused here; use ${use}`));
  };
  globalReferences(source.program, (name, node, ancestors) => judgeReference(name, node, ancestors, refuse));
  walk(source.program, (node) => {
    judgeAsync(node, refuse);
    judgeSyntax(node, refuse);
    judgeCall(node, refuse);
    judgeImport(node, refuse);
  });
  return [...findings, ...moduleState(source)];
}

type Refuse = (node: { start: number }, rule: string, what: string, use: string) => void;

function judgeReference(name: string, node: Node, ancestors: readonly Node[], refuse: Refuse): void {
  const ban = globals.get(name);
  if (ban !== undefined) refuse(node, ban.rule, name, ban.use);
  const members = memberRules.get(name);
  const parent = ancestors.at(-1);
  if (members === undefined || parent === undefined || parent.type === 'TSTypeReference') return;
  if (parent.type === 'MemberExpression' && parent.object === node) {
    const member = literalName(parent.property, parent.computed);
    if (member === undefined) refuse(node, members.rule, `${name}[...] with a computed name`, members.use);
    else if (members.refuses(member)) refuse(node, members.rule, `${name}.${member}`, members.use);
    return;
  }
  if (parent.type === 'VariableDeclarator' && parent.init === node && parent.id.type === 'ObjectPattern') {
    for (const property of parent.id.properties) {
      const member = property.type === 'Property' ? literalName(property.key, property.computed) : undefined;
      if (member === undefined || members.refuses(member)) {
        refuse(property, members.rule, `${name}.${member ?? '*'}, unpacked`, members.use);
      }
    }
    return;
  }
  if (parent.type === 'BinaryExpression' || (parent.type === 'NewExpression' && name === 'Object')) return;
  if (parent.type === 'CallExpression' && parent.callee === node) return;
  refuse(node, members.rule, `${name} under another name`, members.use);
}

function judgeAsync(node: Node, refuse: Refuse): void {
  const use = 'a handler that runs to completion, or a generator that the kernel resumes';
  if (node.type === 'AwaitExpression') refuse(node, 'async', 'await', use);
  if (node.type === 'ForOfStatement' && node.await) refuse(node, 'async', 'for await', use);
  const isFunction =
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression';
  if (isFunction && node.async) refuse(node, 'async', 'an async function', use);
}

function judgeSyntax(node: Node, refuse: Refuse): void {
  switch (node.type) {
    case 'BinaryExpression':
    case 'AssignmentExpression':
      if (node.operator === '**' || node.operator === '**=') {
        refuse(node, 'exponent', node.operator, 'a written-out constant, a product, or a shift below 2^31');
      }
      break;
    case 'ForInStatement':
      refuse(node, 'for-in', 'for..in', 'for..of over an array, Map or Set: numeric-looking keys change their order');
      break;
    case 'Literal':
      if ('bigint' in node) refuse(node, 'bigint', 'a BigInt literal', 'two 32-bit halves');
      break;
    case 'TSBigIntKeyword':
      refuse(node, 'bigint', 'the type bigint', 'number, or two 32-bit halves');
      break;
    case 'TSEnumDeclaration':
      refuse(node, 'enum', 'an enum', 'an array `as const` and the union of its elements');
      break;
    case 'CatchClause':
      walk(node, (inner) => {
        const named = inner.type === 'Identifier' && inner.name === 'RangeError';
        if (named || (inner.type === 'Literal' && inner.value === 'RangeError')) {
          refuse(
            inner,
            'catch-range-error',
            'catching RangeError',
            'a recursion bounded by a constant; the stack depth differs by engine',
          );
        }
      });
      break;
    default:
  }
}

/** Methods that are refused on any object: read, called or unpacked. */
function judgeCall(node: Node, refuse: Refuse): void {
  if (node.type === 'ObjectPattern') {
    for (const property of node.properties) {
      const name = property.type === 'Property' ? literalName(property.key, property.computed) : undefined;
      const ban = methods.get(name ?? '');
      if (ban !== undefined) refuse(property, ban.rule, `.${name}, unpacked,`, ban.use);
    }
  }
  if (node.type === 'MemberExpression') {
    const name = literalName(node.property, node.computed);
    const ban = methods.get(name ?? '');
    if (ban !== undefined) refuse(node.property, ban.rule, `.${name}`, ban.use);
  }
  if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression' && !hasComparator(node)) {
    const name = literalName(node.callee.property, node.callee.computed);
    if (name === 'sort' || name === 'toSorted') {
      refuse(
        node.callee.property,
        'sort',
        `.${name}() without a comparator`,
        'a total comparator; the default compares numbers as text',
      );
    }
  }
}

/** False for `.sort()` and `.sort(undefined)`. */
function hasComparator(call: CallExpression): boolean {
  const comparator = call.arguments[0];
  return comparator !== undefined && !(comparator.type === 'Identifier' && comparator.name === 'undefined');
}

function judgeImport(node: Node, refuse: Refuse): void {
  if (node.type === 'ImportExpression') {
    refuse(node, 'dynamic-import', 'import()', 'a static import: loading takes promise turns');
  }
  const specifier = specifierOf(node);
  if (specifier !== undefined && isNodeModule(specifier)) {
    refuse(node, 'node-module', `'${specifier}'`, 'what the Host offers; files and environment are read in src/cli');
  }
}
