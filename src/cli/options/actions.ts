// The actions of commands.

/**
 * The action of a command. Its module is loaded when the command runs: a start loads no others.
 */
export function from<Name extends string, Module extends Readonly<Record<Name, Action>>>(
  load: () => Promise<Module>,
  name: Name,
): (...of: Parameters<Module[Name]>) => Promise<void> {
  return async (...of) => {
    const { [name]: action } = await load();
    await action(...of);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters are those of each command.
type Action = (...of: any[]) => Promise<void> | void;
