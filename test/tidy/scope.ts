import type { Node } from 'oxc-parser';
import { childrenOf } from './source.ts';

/**
 * Which names does a scope declare itself? Needed so that a local `process` or `self` is not mistaken for the global
 * of that name. `var` is treated as block scoped: the bans refuse it where it matters.
 */
function declaredBy(scope: Node): Set<string> {
  const names = new Set<string>();
  switch (scope.type) {
    case 'Program':
    case 'BlockStatement':
    case 'StaticBlock':
      for (const statement of scope.body) addStatement(statement, names);
      break;
    case 'SwitchStatement':
      for (const branch of scope.cases) for (const statement of branch.consequent) addStatement(statement, names);
      break;
    case 'ForStatement':
      if (scope.init !== null) addStatement(scope.init, names);
      break;
    case 'ForInStatement':
    case 'ForOfStatement':
      addStatement(scope.left, names);
      break;
    case 'CatchClause':
      if (scope.param !== null) addPattern(scope.param, names);
      break;
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      if (scope.id !== null && scope.id !== undefined) names.add(scope.id.name);
      for (const param of scope.params) addPattern(param, names);
      break;
    default:
  }
  return names;
}

function addStatement(statement: Node, names: Set<string>): void {
  switch (statement.type) {
    case 'ExportNamedDeclaration':
      if (statement.declaration !== null) addStatement(statement.declaration, names);
      break;
    case 'ImportDeclaration':
      for (const specifier of statement.specifiers) names.add(specifier.local.name);
      break;
    case 'VariableDeclaration':
      for (const declarator of statement.declarations) addPattern(declarator.id, names);
      break;
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      if (statement.id !== null) names.add(statement.id.name);
      break;
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      names.add(statement.id.name);
      break;
    default:
  }
}

/** The names that a binding pattern introduces; default values and type annotations introduce none. */
function addPattern(pattern: Node, names: Set<string>): void {
  switch (pattern.type) {
    case 'Identifier':
      names.add(pattern.name);
      break;
    case 'AssignmentPattern':
      addPattern(pattern.left, names);
      break;
    case 'RestElement':
      addPattern(pattern.argument, names);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) if (element !== null) addPattern(element, names);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        addPattern(property.type === 'RestElement' ? property.argument : property.value, names);
      }
      break;
    default:
  }
}

/** Identifiers that stand for a name of something else and refer to no variable. */
function isLabel(node: Node, parent: Node | undefined): boolean {
  switch (parent?.type) {
    case 'MemberExpression':
      return parent.property === node && !parent.computed;
    case 'Property':
      // A shorthand `{ name }` has one node for both roles in the text: the value is visited as well.
      return parent.key === node && !parent.computed;
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
    case 'TSPropertySignature':
      return parent.key === node && !parent.computed;
    case 'ImportSpecifier':
    case 'ExportSpecifier':
      // A renamed import or a re-export names another module's binding.
      return true;
    case 'TSQualifiedName':
      return parent.right === node;
    case 'TSNamedTupleMember':
      return parent.label === node;
    case 'TSTypeParameter':
    case 'TSEnumMember':
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'TSTypePredicate':
      return true;
    case 'TSMethodSignature':
    case 'TSConstructSignatureDeclaration':
    case 'TSConstructorType':
    case 'TSFunctionType':
    case 'TSCallSignatureDeclaration':
    case 'TSEmptyBodyFunctionExpression':
    case 'TSDeclareFunction':
    case 'TSIndexSignature':
      return true;
    default:
      return false;
  }
}

/** Calls `visit` for each identifier that refers to a name which no enclosing scope of the file declares. */
export function globalReferences(program: Node, visit: (name: string, node: Node, ancestors: Node[]) => void): void {
  const scopes: Set<string>[] = [];
  const ancestors: Node[] = [];
  const step = (node: Node): void => {
    if (node.type === 'Identifier') {
      const known = scopes.some((scope) => scope.has(node.name));
      if (!known && !isLabel(node, ancestors.at(-1))) visit(node.name, node, ancestors);
    }
    const declared = declaredBy(node);
    scopes.push(declared);
    ancestors.push(node);
    for (const child of childrenOf(node)) step(child);
    ancestors.pop();
    scopes.pop();
  };
  step(program);
}
