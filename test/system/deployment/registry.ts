import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the registry of these tests answers: as ECR Public, unless a test changes it. */
export const registry = { digest: `sha256:${'a'.repeat(64)}`, status: 200, requests: 0 }

let url: Promise<string> | undefined

/** The URL of a registry that has Lambda's Node image. It does not keep its process alive. */
export function registryUrl(): Promise<string> {
  url ??= new Promise(resolve => {
    const server = createServer((request, response) => {
      registry.requests += 1
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://registry')
      if (registry.status !== 200) return response.writeHead(registry.status).end()
      if (pathname === '/token/' && searchParams.get('service') === 'public.ecr.aws')
        return response.end(JSON.stringify({ token: 'of-anybody' }))
      const isPermitted = request.headers.authorization === 'Bearer of-anybody'
      // Without these types, a registry gives the digest of one architecture.
      const isIndex = request.headers.accept?.includes('application/vnd.oci.image.index.v1+json')
      if (
        !isPermitted ||
        !isIndex ||
        `${request.method} ${pathname}` !== 'HEAD /v2/lambda/nodejs/manifests/24'
      )
        return response.writeHead(401).end()
      response.writeHead(200, { 'docker-content-digest': registry.digest }).end()
    })
    server.unref().listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })
  return url
}
