import * as z from 'zod'
import { objectArn } from './access.ts'
import { receiveText } from './body.ts'
import { type Call, commit, requireBucket, requirePermission, type S3Response } from './call.ts'
import { checkDeleteConditions } from './conditions.ts'
import { Fault } from './faults.ts'
import type { Xml } from './xml.ts'
import { parseXml, readFields } from './xml-request.ts'

/** DeleteObject; succeeds if there is no such object. */
export function deleteObject(call: Call): S3Response {
  const { key, headers } = call.request
  removeObject(call, key, headers.get('if-match'))
  return { status: 204 }
}

const MAX_KEYS = 1000
const entrySchema = z.object({
  Key: z.string().min(1),
  ETag: z.string().optional(),
  VersionId: z.string().optional(),
})

/** DeleteObjects; each key has its own result. */
export async function deleteObjects(call: Call): Promise<S3Response> {
  const { headers } = call.request
  requireBucket(call)
  if (
    !headers.has('content-md5') &&
    ![...headers.keys()].some(name => /^x-amz-(checksum-|trailer$)/.test(name))
  )
    throw new Fault(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    )
  const { entries, quiet } = parseDelete(await receiveText(call.request, call.authorization))
  const results = entries.flatMap(({ Key, ETag, VersionId }): Xml[] => {
    try {
      if (VersionId && VersionId !== 'null')
        throw new Fault('NotImplemented', 'This server does not implement versions.')
      requirePermission(call, { action: 's3:DeleteObject', resource: objectArn(call.request.bucket, Key) })
      removeObject(call, Key, ETag)
      return quiet ? [] : [['Deleted', [['Key', Key]]]]
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return [
        [
          'Error',
          [
            ['Key', Key],
            ['Code', error.code],
            ['Message', error.message],
          ],
        ],
      ]
    }
  })
  return { status: 200, body: ['DeleteResult', results] }
}

function parseDelete(text: string) {
  const root = parseXml(text)
  const entries = root.children
    .filter(({ name }) => name === 'Object')
    .map(element => readFields(element, entrySchema))
  const hasUnexpected = root.children.some(({ name }) => name !== 'Object' && name !== 'Quiet')
  if (root.name !== 'Delete' || hasUnexpected || entries.length === 0 || entries.length > MAX_KEYS)
    throw new Fault('MalformedXML')
  return { entries, quiet: root.children.some(({ name, text }) => name === 'Quiet' && text === 'true') }
}

function removeObject(call: Call, key: string, ifMatch: string | undefined): void {
  const { tables, request } = call
  // If-Match reveals the entity tag by guessing, so it needs the right to read.
  if (ifMatch !== undefined)
    requirePermission(call, { action: 's3:GetObject', resource: objectArn(request.bucket, key) })
  const isRemoved = commit(call, remove => {
    const current = tables.findObject(request.bucket, key)
    checkDeleteConditions(ifMatch, current)
    if (!current) return false
    tables.removeObject(request.bucket, key)
    remove(current.blobs)
    return true
  })
  if (isRemoved) call.notify({ name: 'ObjectRemoved:Delete', key })
}
