// The shape in which the Kurento model is written down: what a class, a type or an event declares.

/**
 * 'String', 'boolean', 'int', 'int64', 'float', 'double', or the name of an enum, a complex type or a class (which
 * travels as an object's id). With '[]' behind it a list of them, with '<>' a map from strings to them.
 */
export type TypeName = string;

export interface ParamDeclaration {
  readonly name: string;
  readonly type: TypeName;
  readonly optional?: true;
  readonly default?: string | number | boolean;
}

/** Of a supported member that has no effect, or less than the original's; docs/kurento-conformance.md says which. */
export type MemberEffect = 'partial';

export interface ConstructorParamDeclaration extends ParamDeclaration {
  /** False: refused, unless it is given the value that it has without being named. */
  readonly supported: boolean;
  readonly effect?: MemberEffect;
}

/** A property is read by the operation `getX` and, when `readWrite`, set by `setX`. */
export interface PropertyDeclaration {
  readonly name: string;
  readonly type: TypeName;
  readonly access: 'final' | 'readOnly' | 'readWrite';
  readonly default?: string | number | boolean;
  readonly supported: boolean;
  /** False: can be read, but not set. */
  readonly setterSupported?: false;
  readonly effect?: MemberEffect;
}

export interface MethodDeclaration {
  readonly name: string;
  readonly params: readonly ParamDeclaration[];
  /** Absent: nothing, which travels as null. */
  readonly returns?: TypeName;
  readonly supported: boolean;
  readonly effect?: MemberEffect;
}

export interface ClassDeclaration {
  readonly name: string;
  readonly extends?: string;
  readonly abstract: boolean;
  readonly supported: boolean;
  readonly constructorParams: readonly ConstructorParamDeclaration[];
  readonly properties: readonly PropertyDeclaration[];
  readonly methods: readonly MethodDeclaration[];
  readonly events: readonly { readonly name: string; readonly supported: boolean }[];
}

export interface EnumDeclaration {
  readonly name: string;
  readonly values: readonly string[];
}

export interface ComplexTypeDeclaration {
  readonly name: string;
  readonly extends?: string;
  readonly fields: readonly ParamDeclaration[];
}

export interface EventDeclaration {
  readonly name: string;
  readonly extends?: string;
  readonly fields: readonly ParamDeclaration[];
}
