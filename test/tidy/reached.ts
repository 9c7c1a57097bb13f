import type { Node } from 'oxc-parser';
import { at, type Finding, literalName, type Source, walk } from './source.ts';

/**
 * A mark proves that the real mechanism ran, so only the world may record one (R17): `reached` is defined in src/sim
 * alone, it is called as a method of a Host, and only code that a Host runs (src/cluster) calls it. A field of marks,
 * such as the list in a result, is data and stays free.
 */
export function reachedFindings(source: Source): Finding[] {
  if (source.path.startsWith('src/sim/')) return [];
  const findings: Finding[] = [];
  const refuse = (node: { start: number }, what: string): void => {
    findings.push(at(source, node, 'reached', `${what}: marks are set on a Host only, which src/sim defines (R17)`));
  };
  walk(source.program, (node) => {
    if (defines(node)) refuse(node, 'a definition of reached()');
    if (node.type !== 'CallExpression') return;
    if (node.callee.type === 'Identifier' && node.callee.name === 'reached') refuse(node, 'a bare call of reached()');
    if (node.callee.type !== 'MemberExpression' || source.path.startsWith('src/cluster/')) return;
    if (literalName(node.callee.property, node.callee.computed) === 'reached') {
      refuse(node, 'a call of reached() outside src/cluster');
    }
  });
  return findings;
}

function defines(node: Node): boolean {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'TSDeclareFunction':
      return node.id?.name === 'reached';
    case 'VariableDeclarator':
      return node.id.type === 'Identifier' && node.id.name === 'reached' && isFunction(node.init);
    case 'MethodDefinition':
    case 'TSMethodSignature':
      return node.kind !== 'get' && literalName(node.key, node.computed) === 'reached';
    case 'Property':
    case 'PropertyDefinition':
      return literalName(node.key, node.computed) === 'reached' && isFunction(node.value);
    case 'TSPropertySignature':
      return (
        literalName(node.key, node.computed) === 'reached' &&
        node.typeAnnotation?.typeAnnotation.type === 'TSFunctionType'
      );
    default:
      return false;
  }
}

function isFunction(node: Node | null): boolean {
  return node?.type === 'FunctionExpression' || node?.type === 'ArrowFunctionExpression';
}
