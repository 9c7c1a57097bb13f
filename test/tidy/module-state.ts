import type { Expression, Node, VariableDeclaration } from 'oxc-parser';
import { at, type Finding, type Source, walk } from './source.ts';

const MUTABLE_COLLECTIONS = ['Map', 'Set', 'WeakMap', 'WeakSet', 'Array'];

/**
 * State of a module outlives a run, so the second run of a worker would start from other values than the first (R23).
 * Seen: `let` and `var` of a module, its unannotated collections and array literals, and static fields that are not
 * `readonly`. Typed arrays are let through, because constant tables (CRC-32C, latency) are made of them.
 */
export function moduleState(source: Source): Finding[] {
  const findings: Finding[] = [];
  const refuse = (node: { start: number }, what: string, use: string): void => {
    findings.push(at(source, node, 'module-state', `${what} is refused here; use ${use}`));
  };
  if (source.program.type !== 'Program') return findings;
  for (const statement of source.program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type === 'VariableDeclaration' && declaration.declare !== true) judge(declaration, refuse);
  }
  walk(source.program, (node) => {
    if (node.type === 'PropertyDefinition' && node.static && node.readonly !== true) {
      refuse(node, 'a static field that is not readonly', 'a field of an object that the run owns');
    }
  });
  return findings;
}

function judge(declaration: VariableDeclaration, refuse: (node: { start: number }, what: string, use: string) => void) {
  if (declaration.kind !== 'const') {
    refuse(declaration, `\`${declaration.kind}\` of a module`, 'a field of an object that the run owns, or const');
    return;
  }
  for (const { id, init } of declaration.declarations) {
    if (init === null || hasReadonlyType(id)) continue;
    if (init.type === 'NewExpression' && isCollection(init.callee)) {
      refuse(
        init,
        'a mutable collection of a module',
        'the annotation ReadonlyMap or ReadonlySet, or a field of an object that the run owns',
      );
    }
    if (init.type === 'ArrayExpression') {
      refuse(init, 'a mutable array of a module', '`as const`, the annotation `readonly T[]`, or Object.freeze');
    }
  }
}

function isCollection(callee: Expression): boolean {
  return callee.type === 'Identifier' && MUTABLE_COLLECTIONS.includes(callee.name);
}

/** True when the annotation of a binding forbids writing: `readonly T[]`, or a name that starts with Readonly. */
function hasReadonlyType(id: Node): boolean {
  const type = 'typeAnnotation' in id ? id.typeAnnotation : null;
  const annotation = type?.type === 'TSTypeAnnotation' ? type.typeAnnotation : null;
  if (annotation?.type === 'TSTypeOperator') return annotation.operator === 'readonly';
  if (annotation?.type !== 'TSTypeReference' || annotation.typeName.type !== 'Identifier') return false;
  return annotation.typeName.name.startsWith('Readonly');
}
