/** A member of a tar archive, written as it is: nothing is checked. */
type Member = {
  name: string
  /** Default: a regular file. https://www.gnu.org/software/tar/manual/html_node/Standard.html */
  type?: keyof typeof TYPES
  target?: string
  content?: string | Buffer
  mode?: number
  /** Records of a pax header. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03 */
  pax?: Record<string, string>
  /** What the header says, whatever the content has. */
  size?: number
}

const TYPES = {
  ...{
    file: '0',
    hardLink: '1',
    link: '2',
    characterDevice: '3',
    blockDevice: '4',
    directory: '5',
    fifo: '6',
  },
  ...{ paxHeader: 'x', globalHeader: 'g', volume: 'V' },
} as const

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)])

function header({ name, type = 'file', target = '', mode = 0o644, size = 0 }: Member): Buffer {
  const block = Buffer.alloc(512)
  block.write(name, 0, 100, 'latin1')
  for (const [at, text] of [
    [100, octal(mode, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size, 12)],
    [136, octal(1_700_000_000, 12)],
    [148, ' '.repeat(8)],
    [156, TYPES[type]],
    [257, 'ustar\x0000'],
    [329, octal(1, 8)],
    [337, octal(3, 8)],
  ] as const)
    block.write(text, at, 'latin1')
  block.write(target, 157, 100, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  let length = rest.length
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.from(`${length}${rest}`, 'latin1')
}

function bytesOf({ pax, content = '', ...member }: Member): Buffer {
  const body = Buffer.from(content)
  const before = pax
    ? bytesOf({
        name: 'pax',
        type: 'paxHeader',
        content: Buffer.concat(Object.entries(pax).map(([key, value]) => paxRecord(key, value))),
      })
    : Buffer.alloc(0)
  return Buffer.concat([before, header({ size: body.length, ...member }), padded(body)])
}

const END = Buffer.alloc(1024)
/** A tar archive with these members. */
export const tarOf = (...members: Member[]): Buffer => Buffer.concat([...members.map(bytesOf), END])

/** A file of zeros that takes almost no space in the archive, nor on disk. */
const sparse = (name: string, size: number): Member => ({
  name,
  content: padded(Buffer.from(`1\n${size}\n0\n`)),
  pax: {
    'GNU.sparse.major': '1',
    'GNU.sparse.minor': '0',
    'GNU.sparse.name': name,
    'GNU.sparse.realsize': String(size),
  },
})

const DEVICE = { mode: 0o666, type: 'characterDevice' } as const

/** Why it is refused as the artifact `dist`, and the archive for the path `at`. */
type Hostile = readonly [RegExp, (at: string) => Buffer]

/** Archives that builds may leave for others, by what they attempt. Each tries to write `tracked` or `/etc/…`, or to waste space. */
export const HOSTILE_ARCHIVES: Readonly<Record<string, Hostile>> = {
  'a member beside the path': [
    /tracked, which is not in the declared paths/,
    at => tarOf({ name: `${at}/kept` }, { name: sibling(at), content: 'bad' }),
  ],
  'a name that begins like the path': [
    /disttracked, which is not in the declared paths/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}tracked` }),
  ],
  'a member with dots in its name': [
    /dist\/\.\./,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/../tracked`, content: 'bad' }),
  ],
  'a member with a dot in its name': [
    /\.\/tracked, which is not in the declared paths/,
    at => tarOf({ name: `${at}/kept` }, { name: `./${sibling(at)}` }),
  ],
  'an absolute name': [
    /\/dist\/tracked, which is not in the declared paths/,
    at => tarOf({ name: `${at}/kept` }, { name: `/${at}/tracked`, content: 'bad' }),
  ],
  'an absolute name in a pax header': [
    /\/tmp\/tracked, which is not in the declared paths/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/x`, pax: { path: '/tmp/tracked' } }),
  ],
  'dots in a pax header of all members': [
    /dist\/\.\./,
    at =>
      tarOf(
        { name: 'pax', type: 'globalHeader', content: paxRecord('path', `${at}/../tracked`) },
        { name: `${at}/kept`, content: 'bad' },
      ),
  ],
  'a member of .git': [
    /\.git\/hooks\/pre-commit, which is not in the declared paths/,
    at => tarOf({ name: `${at}/kept` }, { name: `${parent(at)}.git/hooks/pre-commit` }),
  ],
  'the path as a link to its own directory': [
    /dist\/tracked is behind a link/,
    at => tarOf({ name: at, type: 'link', target: '.' }, { name: `${at}/tracked`, content: 'bad' }),
  ],
  'the path as a link to another one': [
    /dist is a link/,
    at => tarOf({ name: at, type: 'link', target: 'src' }),
  ],
  'a link to the directory above, and a file behind it': [
    /dist\/up\/tracked is behind a link/,
    at =>
      tarOf(
        { name: `${at}/kept` },
        { name: `${at}/up`, type: 'link', target: '..' },
        { name: `${at}/up/tracked`, content: 'bad' },
      ),
  ],
  'a link that stays inside, and a file behind it': [
    /dist\/link\/tracked is behind a link/,
    at =>
      tarOf(
        { name: `${at}/in`, type: 'directory', mode: 0o755 },
        { name: `${at}/link`, type: 'link', target: 'in' },
        { name: `${at}/link/tracked`, content: 'bad' },
      ),
  ],
  'a link by way of another link': [
    /dist\/up leads to deep\/\.\.\/\.\.\/\.\.\/tracked, which is not in the artifact/,
    at =>
      tarOf(
        { name: `${at}/a/b/kept` },
        { name: `${at}/deep`, type: 'link', target: 'a/b' },
        { name: `${at}/up`, type: 'link', target: 'deep/../../../tracked' },
      ),
  ],
  'a link that is a directory later': [
    /dist\/x is in it twice/,
    at =>
      tarOf(
        { name: `${at}/x`, type: 'link', target: 'y' },
        { name: `${at}/x`, type: 'directory', mode: 0o755 },
        { name: `${at}/x/tracked`, content: 'bad' },
      ),
  ],
  'a hard link to a file of the commit': [
    /dist\/hard is a hard link to tracked, which is not in the artifact/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/hard`, type: 'hardLink', target: sibling(at) }),
  ],
  'a hard link to a file of the system': [
    /dist\/hard is a hard link to \/?etc\/passwd, which is not in the artifact/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/hard`, type: 'hardLink', target: '/etc/passwd' }),
  ],
  'a hard link behind a link': [
    /dist\/etc\/passwd/,
    at =>
      tarOf(
        { name: `${at}/etc`, type: 'link', target: '/etc' },
        { name: `${at}/hard`, type: 'hardLink', target: `${at}/etc/passwd` },
      ),
  ],
  'a device': [
    /dist\/null is a device/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/null`, ...DEVICE }),
  ],
  'a block device': [
    /dist\/disk is a device/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/disk`, type: 'blockDevice' }),
  ],
  'the path as a device': [/dist is a device/, at => tarOf({ name: at, ...DEVICE })],
  'a volume label': [
    /it contains something that is not a file/,
    at => tarOf({ name: `${at}x`, type: 'volume' }, { name: `${at}/kept` }),
  ],
  'a member that is longer than the archive': [
    /Unexpected EOF/,
    at => Buffer.concat([bytesOf({ name: `${at}/kept`, content: 'x', size: 100_000 })]),
  ],
  'a truncated end': [
    /Unexpected EOF/,
    at => tarOf({ name: `${at}/kept`, content: 'x'.repeat(9000) }).subarray(0, 5000),
  ],
  'no archive at all': [/not look like a tar archive/, () => Buffer.from('no archive at all')],
  nothing: [/not look like a tar archive/, () => Buffer.alloc(0)],
  'no members': [/dist cannot be read \(ENOENT\)/, () => tarOf()],
}

/** What caches may have, and artifacts may not. */
export const LEFT_TO_CACHES: Readonly<Record<string, Hostile>> = {
  'a named pipe': [
    /dist\/pipe is a named pipe/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/pipe`, type: 'fifo' }),
  ],
  'a link to a file of the system': [
    /dist\/python leads to \/usr\/bin\/env, which is not in the artifact/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/python`, type: 'link', target: '/usr/bin/env' }),
  ],
  'a link to a file of the commit': [
    /dist\/link leads to \.\.\/tracked, which is not in the artifact/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/link`, type: 'link', target: '../tracked' }),
  ],
  'a file with holes of 10 GB': [
    /it has more than 1 GB/,
    at => tarOf({ name: `${at}/kept` }, sparse(`${at}/hole`, 10_000_000_000)),
  ],
  'the same member twice': [
    /dist\/kept is in it twice/,
    at => tarOf({ name: `${at}/kept` }, { name: `${at}/kept`, content: 'other' }),
  ],
}

const parent = (at: string) => at.slice(0, at.lastIndexOf('/') + 1)
/** The file `tracked` beside a path. */
const sibling = (at: string) => `${parent(at)}tracked`
