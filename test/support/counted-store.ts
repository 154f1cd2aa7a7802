import type { Store } from '../../src/records/store.ts'

const COUNTED = ['get', 'getRange', 'list', 'put', 'putIf', 'putOnce', 'copy'] as const

/** A store that notes each request to it, as `list gh/ada/web/`. */
export function countedStore(store: Store): { store: Store; requests: string[] } {
  const requests: string[] = []
  const counted = new Proxy(store, {
    get(target, name, receiver) {
      const method = Reflect.get(target, name, receiver)
      if (!COUNTED.some(each => each === name)) return method
      return (key: string, ...rest: unknown[]) => {
        requests.push(`${String(name)} ${key}`)
        return Reflect.apply(method, target, [key, ...rest])
      }
    },
  })
  return { store: counted, requests }
}
