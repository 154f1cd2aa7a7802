import { type Bundle, bundle, type Entry } from '../bundle.ts'

export type Bundles = Record<Entry, Bundle>

export async function makeBundles(): Promise<Bundles> {
  const [http, report, run] = await Promise.all([bundle('http'), bundle('report'), bundle('run')])
  return { http, report, run }
}
