/** Run something after what an object does already. */
export function chain<Name extends string>(
  owner: { [name in Name]?: unknown },
  name: Name,
  then: (value: unknown) => void,
): void {
  const before = owner[name] as ((...values: unknown[]) => unknown) | undefined
  owner[name] = function (this: unknown, ...values: unknown[]) {
    const result = before?.apply(this, values)
    then(values[0])
    return result
  }
}
