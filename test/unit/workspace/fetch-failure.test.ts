import { expect, test } from 'vitest'
import { type FetchFailure, fetchFailure } from '../../../src/workspace/fetch-failure.ts'

const unable = (text: string) => `fatal: unable to access 'https://github.com/ada/web.git/': ${text}\n`
const rpc = (text: string, then = 'the remote end hung up unexpectedly') =>
  `remote: Enumerating objects: 9, done.        \nerror: RPC failed; ${text}\nfatal: ${then}\n`

/** What git and curl print, from their sources and from reports. */
test.each<[FetchFailure['kind'], string, RegExp]>([
  ['transient', unable('The requested URL returned error: 500'), /^GitHub answered 500$/],
  ['transient', unable('The requested URL returned error: 504 Gateway Time-out'), /^GitHub answered 504$/],
  ['transient', unable('The requested URL returned error: 429'), /^GitHub answered 429$/],
  ['transient', rpc('HTTP 502 curl 22 The requested URL returned error: 502'), /^GitHub answered 502/],
  ['transient', rpc('result=22, HTTP code = 503'), /^GitHub answered 503/],
  [
    'transient',
    rpc('curl 56 Recv failure: Connection reset by peer', 'early EOF'),
    /Connection reset by peer/,
  ],
  ['transient', rpc('curl 56 GnuTLS recv error (-54): Error in the pull function.'), /interrupted/],
  ['transient', rpc('curl 56 OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof'), /interrupted/],
  ['transient', rpc('curl 18 transfer closed with outstanding read data remaining'), /interrupted/],
  ['transient', rpc('curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL (err 8)'), /HTTP\/2 stream 5/],
  ['transient', rpc('curl 16 Error in the HTTP2 framing layer'), /interrupted/],
  ['transient', unable('Empty reply from server'), /\(Empty reply from server\)/],
  ['transient', unable('gnutls_handshake() failed: The TLS connection was non-properly terminated.'), /TLS/],
  ['transient', unable('OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to github.com:443'), /SSL_/],
  [
    'transient',
    unable('Could not resolve host: github.com'),
    /^The host name was not found \(github\.com\)$/,
  ],
  ['transient', unable('Could not resolve proxy: proxy.example.com'), /\(proxy\.example\.com\)$/],
  [
    'transient',
    unable('Failed to connect to github.com port 443 after 130 ms: Connection refused'),
    /reached/,
  ],
  ['transient', unable("Failed to connect to github.com port 443: Couldn't connect to server"), /reached/],
  ['transient', unable('Failed to connect to github.com port 443: Connection timed out'), /in time$/],
  ['transient', unable('Failed to connect to github.com port 443 after 1 ms: No route to host'), /reached/],
  [
    'transient',
    unable('Operation too slow. Less than 1 bytes/sec transferred the last 60 seconds'),
    /in time$/,
  ],
  ['transient', unable('Received HTTP code 502 from proxy after CONNECT'), /HTTP code 502 from proxy/],
  [
    'transient',
    'fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF\n',
    /early EOF/,
  ],
  ['transient', 'fatal: the remote end hung up unexpectedly\n', /interrupted/],
  [
    'transient',
    'fatal: protocol error: bad pack header\n',
    /^git failed \(protocol error: bad pack header\)$/,
  ],
  ['transient', 'fatal: pack has bad object at offset 478: inflate returned -3\n', /bad object/],
  ['transient', 'fatal: something new\n', /^git failed \(something new\)$/],
  ['transient', '', /git printed no error message/],
  [
    'transient',
    `remote: GitHub is temporarily limiting some unauthenticated downloads.\n${unable('The requested URL returned error: 401')}`,
    /^GitHub temporarily limits fetches without a token$/,
  ],
  [
    'missing',
    `fatal: remote error: upload-pack: not our ref ${'f'.repeat(40)}\n`,
    /does not have the commit/,
  ],
  ['missing', "fatal: couldn't find remote ref refs/heads/main\n", /does not have the commit/],
  ['missing', `error: Server does not allow request for unadvertised object ${'f'.repeat(40)}\n`, /commit/],
  ['refused', "fatal: could not read Username for 'https://github.com': terminal prompts disabled\n", /401/],
  ['refused', "remote: Invalid username or token.\nfatal: Authentication failed for 'https://x/'\n", /401/],
  [
    'refused',
    `remote: Write access not granted.\n${unable('The requested URL returned error: 403')}`,
    /403 \("Write/,
  ],
  ['refused', "fatal: repository 'https://github.com/ada/web.git/' not found\n", /404, repository not found/],
  ['refused', 'remote: Repository not found.\nfatal: Could not read from remote repository.\n', /404/],
  ['refused', rpc('HTTP 403 curl 22 The requested URL returned error: 403'), /^GitHub answered 403/],
  ['final', unable('The requested URL returned error: 451'), /451/],
  [
    'final',
    unable('server certificate verification failed. CAfile: none CRLfile: none'),
    /verification failed/,
  ],
  [
    'final',
    unable('SSL certificate problem: unable to get local issuer certificate'),
    /SSL certificate problem/,
  ],
  ['final', 'fatal: write error: No space left on device\nfatal: early EOF\n', /No space left/],
  ['final', "fatal: protocol 'ext' is not supported\n", /protocol 'ext'/],
])('%s: %j', (kind, output, cause) => {
  const failure = fetchFailure(output)
  expect(failure).toMatchObject({ kind, cause: expect.stringMatching(cause) })
})

test('the name of a repository decides nothing', () => {
  for (const name of ['certificate', 'no space left', 'error: 404', 'reset', 'not our ref'])
    expect(
      fetchFailure(`fatal: unable to access 'https://github.com/ada/${name}/': error 7\n`),
    ).toMatchObject({
      kind: 'transient',
      cause: 'git failed (error 7)',
    })
})

test('control characters of a server are replaced, and its text is cut', () => {
  const { cause } = fetchFailure(
    `remote: a\u001b[31m\u202e${'x'.repeat(1000)}\n${unable('The requested URL returned error: 502')}`,
  )
  expect(cause).toMatch(/^GitHub answered 502 \("a\?\[31m\?x+"\)$/)
  expect(cause.length).toBeLessThan(250)
})
