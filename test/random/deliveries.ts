import { randomUUID } from 'node:crypto'
import {
  appSecret,
  organizationSecret,
  repositorySecret,
  requestSecret,
} from '../../src/github/hook-secrets.ts'
import { requestBody, signatureOf } from '../support/payloads.ts'
import { EVIL, type Genuine, openDeliveryWorld, ROOTS, SITE, UNBUILT, WANTED } from './delivery-world.ts'
import { type Random, seeded } from './seeded.ts'
import { type EventHeaders, ORIGIN } from './url-event.ts'

export type Played = {
  /** Deliveries with exactly what was signed, and whether one of them was admitted. */
  genuine: number
  admitted: number
  /** How often each answer was given to all others. */
  refused: Map<string, number>
  /** What must not be. */
  wrong: string[]
}

/** A world becomes slower with all that was admitted there. */
const RUNS_OF_A_WORLD = 500

/**
 * Sends random deliveries: bodies, content types, signatures of other bodies, spellings of headers, ids, encodings. Whatever is
 * admitted or written must have been signed as exactly that: the same bytes, as this event, of this repository.
 */
export async function playDeliveries(seed: number, runs: number): Promise<Played> {
  const played: Played = { genuine: 0, admitted: 0, refused: new Map(), wrong: [] }
  for (let done = 0; done < runs; done += RUNS_OF_A_WORLD) {
    const world = await openDeliveryWorld()
    for (let run = done; run < Math.min(runs, done + RUNS_OF_A_WORLD); run++) {
      const sentences = await playOne(world, seeded(seed + run), played)
      played.wrong.push(...sentences.map(sentence => `Seed ${seed + run}: ${sentence}`))
    }
  }
  return played
}

type World = Awaited<ReturnType<typeof openDeliveryWorld>>

async function playOne(world: World, random: Random, played: Played): Promise<string[]> {
  const { headers, body, isBase64, source } = deliveryFrom(random, world.genuine)
  const { answer, writes } = await world.send(headers, body, isBase64)
  const kind = `${answer.status} ${JSON.parse(answer.text).error?.replace(/[^ ]*["/:][^ ]*|#?\d+/g, '…') ?? 'OK'}`
  // What was signed with what an attacker knows: the secret of a repository of their own.
  const valuesOf = (wanted: string) =>
    headers.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value.trim()] : []))
  const signatures = valuesOf('x-hub-signature-256')
  const signed = [...world.genuine, ...(source ? [source] : [])].find(
    each => signatures.includes(each.signature) && Buffer.from(each.body).equals(body),
  )
  if (answer.status !== 202) {
    played.refused.set(kind, (played.refused.get(kind) ?? 0) + 1)
    if (answer.status >= 500) return [`a fault: ${answer.text}`]
    if (
      writes > 0 &&
      (!signed || signed.build !== null || !valuesOf('x-github-event').includes(signed.event))
    )
      return [`${writes} writes for ${kind}: ${headers} ${body}`]
    return source === null && isPlain(signed, headers) && signed?.build
      ? [`not admitted: ${kind}: ${headers} ${body}`]
      : []
  }
  played.admitted += 1
  const admitted = await world.buildOf(answer)
  if (!signed?.build) return [`admitted, and nobody has signed it: ${answer.text}: ${headers} ${body}`]
  played.genuine += 1
  const { event, commit, repositoryId } = signed.build
  const isSame =
    admitted.commit === commit && admitted.event === event && admitted.repositoryId === repositoryId
  if (!isSame) return [`admitted as something else: ${JSON.stringify(admitted)}: ${headers} ${body}`]
  if (admitted.baseUrl !== ORIGIN) return [`links begin with ${admitted.baseUrl}: ${headers}`]
  return []
}

/** Whether a delivery arrives just as it was sent, but for headers that must not matter. */
const isPlain = (signed: Genuine | undefined, headers: EventHeaders) =>
  signed !== undefined &&
  ['x-github-event', 'x-github-delivery', 'x-hub-signature-256'].every(
    name => headers.filter(([each]) => each.toLowerCase() === name).length === 1,
  ) &&
  headers.some(([name, value]) => name.toLowerCase() === 'x-github-event' && value === signed.event) &&
  headers.some(([name, value]) => name.toLowerCase() === 'x-github-delivery' && value.length === 36)

const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/x-www-form-urlencoded',
  'APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-8',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/octet-stream',
  '',
]
const EVENTS = [
  'push',
  'pull_request',
  'merge_group',
  'ping',
  'check_run',
  'check_suite',
  'lambci_rebuild',
  'lambci_deploy',
  'issues',
  'Push',
  '',
]

type Made = { headers: EventHeaders; body: Uint8Array; isBase64: boolean; source: Genuine | null }

function deliveryFrom(random: Random, genuine: readonly Genuine[]): Made {
  const [first, other] = [random.pick(genuine), random.pick(genuine)]
  const source = random.chance(0.25) ? forgedBy(random) : null
  const { event, body: text, signature } = source ?? first
  const bytes = random.chance(0.5) ? Buffer.from(text) : changed(random, text, other.body)
  const values: [string, string][] = [
    ['X-GitHub-Event', random.chance(0.7) ? event : random.pick(EVENTS)],
    ['X-GitHub-Delivery', random.chance(0.95) ? randomUUID() : random.pick(['1', '../../secrets', ''])],
    ['X-Hub-Signature-256', random.chance(0.75) ? signature : otherSignature(random, bytes, other)],
    ['Content-Type', random.pick(TYPES)],
  ]
  const headers = values.flatMap(([name, value]): [string, string][] => {
    if (random.chance(0.01)) return []
    const spelled = spell(random, name)
    if (random.chance(0.02))
      return [
        [spelled, value],
        [spelled, random.pick([value, other.signature])],
      ]
    return [[spelled, random.chance(0.05) ? ` ${value}\t` : value]]
  })
  const host = random.chance(0.2)
    ? ([
        ['Host', 'evil.example.com'],
        ['X-Forwarded-Proto', 'http'],
        ['X-Forwarded-Host', 'evil.example.com'],
      ] as const)
    : []
  return {
    headers: [...headers, ...host],
    body: bytes,
    isBase64: random.chance(0.5) || !isText(bytes),
    source,
  }
}

const isText = (bytes: Uint8Array) => Buffer.from(Buffer.from(bytes).toString('utf8')).equals(bytes)

const spell = (random: Random, name: string) =>
  random.pick([name, name.toLowerCase(), name.toUpperCase(), name.toLowerCase()])

/** What the admin of a repository of their own can sign: any body, with that repository's secret or its owner's. */
function forgedBy(random: Random): Genuine {
  const repository = random.pick([
    SITE,
    UNBUILT,
    EVIL,
    { ...SITE, id: EVIL.id },
    { ...EVIL, id: SITE.id },
    { ...UNBUILT, id: EVIL.id },
  ])
  const payload = random.chance(0.1)
    ? requestBody('lambci_rebuild', { project: 'gh/acme/ended', number: 1, repository: EVIL })
    : JSON.stringify({ ...WANTED, repository: { ...repository, private: false } })
  const secret = random.pick([repositorySecret(ROOTS[0], EVIL.id), organizationSecret(ROOTS[0], 'mallory')])
  const isTheirs = repository.id === EVIL.id && repository.full_name === EVIL.full_name
  const build = { repositoryId: EVIL.id, event: 'push', commit: WANTED.after }
  const event = payload.startsWith('{"project"') ? 'lambci_rebuild' : 'push'
  return {
    event,
    body: payload,
    signature: signatureOf(payload, secret),
    build: isTheirs && event === 'push' ? build : null,
  }
}

/** Signatures that others have made, and some that nobody could. */
function otherSignature(random: Random, body: Uint8Array, other: Genuine): string {
  const text = Buffer.from(body).toString('utf8') || ' '
  return random.pick([
    () => other.signature,
    () => other.signature.replace('sha256=', ''),
    () => other.signature.toUpperCase(),
    () => `sha1=${'0'.repeat(40)}`,
    () => `sha256=${'0'.repeat(64)}`,
    // The one secret, which counts no longer; and what a secret is derived from as if it were one.
    () => signatureOf(text, ROOTS[0]),
    () => signatureOf(text, 'lambci webhook of the App'),
    () => signatureOf(text, appSecret('another root')),
    () => signatureOf(text, requestSecret('')),
  ])()
}

/** Another body, made of what was signed. */
function changed(random: Random, text: string, other: string): Uint8Array {
  const at = random.below(text.length)
  const inner = /payload=[^&"\\]*/.exec(text)?.[0] ?? text
  return Buffer.from(
    random.pick<() => string | Uint8Array>([
      () => text.slice(0, at),
      () => text.slice(at),
      () => inner,
      () => decodeURIComponent(inner.slice('payload='.length).replaceAll('%', '%25')),
      () => `payload=${encodeURIComponent(text)}`,
      () => `${text}&payload=${encodeURIComponent(other)}`,
      () => `payload=${encodeURIComponent(other)}&${text}`,
      () => `${text};${other}`,
      () => ` ${text}`,
      () => `\ufeff${text}`,
      () => `${text}\n`,
      () => other,
      () => JSON.stringify(WANTED),
      () => text.replace(/"id":\s*\d+/, `"id":${SITE.id}`),
      () => text.replaceAll(EVIL.full_name, SITE.full_name),
      () =>
        Buffer.concat([
          Buffer.from(text.slice(0, at)),
          Buffer.from([0xff, 0xc3]),
          Buffer.from(text.slice(at)),
        ]),
      () => Buffer.from(text, 'utf16le'),
      () => Buffer.from(text).toString('base64'),
      () => '',
    ])(),
  )
}
