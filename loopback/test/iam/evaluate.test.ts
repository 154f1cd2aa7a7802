import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, isAllowed } from '../../iam/evaluate.ts'
import { matchesGlob } from '../../iam/glob.ts'
import { type PolicyDocument, policySchema } from '../../iam/policy.ts'

const policy = (...Statement: object[]) => policySchema.parse({ Version: '2012-10-17', Statement })
const allow = (Action: string, Resource: string, more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
const deny = (Action: string, Resource: string) => ({ ...allow(Action, Resource), Effect: 'Deny' })
const may = (document: PolicyDocument, action: string, resource: string, context = {}) =>
  isAllowed({ arn: 'a', policies: [document] }, { action, resource, context })

describe('a pattern', () => {
  test.each([
    ['*', '', true],
    ['a*c', 'abc', true],
    ['a*c', 'ab/c', true],
    ['a*c', 'abcd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*b*b', 'abab', true],
    ['gh/*/end.json', 'gh/a/builds/1/jobs/0/1/end.json', true],
    ['gh/*/end.json', 'gh/a/end.json.bak', false],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaaa', false],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected)
  })

  test('matches like the equivalent regular expression, and is fast in the worst case', () => {
    const unit = fc.constantFrom(...'ab*?')
    const text = fc.string({ unit: fc.constantFrom(...'ab'), maxLength: 12 })
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 10 }), text, (pattern, subject) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
        expect(matchesGlob(pattern, subject)).toBe(expression.test(subject))
      }),
    )
    expect(matchesGlob(`${'a*'.repeat(200)}b`, 'a'.repeat(2000))).toBe(false)
  })
})

test('actions are case-insensitive, resources are case-sensitive', () => {
  const document = policy(allow('S3:get*', 'arn:aws:s3:::b/K'))
  expect(may(document, 's3:GetObject', 'arn:aws:s3:::b/K')).toBe(true)
  expect(may(document, 's3:GetObject', 'arn:aws:s3:::b/k')).toBe(false)
  expect(may(document, 's3:PutObject', 'arn:aws:s3:::b/K')).toBe(false)
})

test('NotAction and NotResource match everything else', () => {
  const document = policy({ Effect: 'Allow', NotAction: 's3:Delete*', NotResource: 'arn:aws:s3:::b/secret*' })
  expect(may(document, 's3:GetObject', 'arn:aws:s3:::b/k')).toBe(true)
  expect(may(document, 's3:DeleteObject', 'arn:aws:s3:::b/k')).toBe(false)
  expect(may(document, 's3:GetObject', 'arn:aws:s3:::b/secret.txt')).toBe(false)
})

test.each<[string, object, Record<string, string | string[]>, boolean]>([
  ['equal', { StringEquals: { 's3:prefix': ['a', 'b'] } }, { 's3:prefix': 'b' }, true],
  ['a key in another case', { StringEquals: { 'S3:Prefix': 'b' } }, { 's3:prefix': 'b' }, true],
  ['unequal', { StringEquals: { 's3:prefix': 'a' } }, { 's3:prefix': 'b' }, false],
  ['a missing key', { StringEquals: { 's3:prefix': 'a' } }, {}, false],
  ['a missing key, if it exists', { StringEqualsIfExists: { 's3:prefix': 'a' } }, {}, true],
  ['not equal', { StringNotEquals: { 's3:prefix': ['a', 'b'] } }, { 's3:prefix': 'b' }, false],
  ['not equal, missing', { StringNotEquals: { 's3:prefix': 'a' } }, {}, true],
  ['like', { StringLike: { 's3:prefix': 'gh/*' } }, { 's3:prefix': 'gh/ada' }, true],
  ['not like', { StringNotLike: { 's3:prefix': 'gh/*' } }, { 's3:prefix': 'gh/ada' }, false],
  ['an ARN', { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*' } }, { 'aws:SourceArn': 'arn:aws:sns:x' }, true],
  ['a boolean', { Bool: { 'aws:SecureTransport': true } }, { 'aws:SecureTransport': 'true' }, true],
  ['a null check, missing', { Null: { 's3:prefix': 'true' } }, {}, true],
  ['a null check, present', { Null: { 's3:prefix': 'true' } }, { 's3:prefix': '' }, false],
  [
    'two keys, of which one fails',
    { StringEquals: { a: '1' }, StringLike: { b: 'x*' } },
    { a: '1', b: 'y' },
    false,
  ],
])('a condition on %s', (_, Condition, context, expected) => {
  expect(may(policy(allow('*', '*', { Condition })), 's3:GetObject', 'r', context)).toBe(expected)
})

test('a resource policy applies only to the principals that it names', () => {
  const document = policy(
    { Effect: 'Allow', Principal: { AWS: ['arn:role/http'] }, Action: 'sts:AssumeRole' },
    { Effect: 'Allow', Principal: { Service: 'scheduler.amazonaws.com' }, Action: 'sts:AssumeRole' },
    { Effect: 'Deny', Principal: '*', Action: 'sts:TagSession' },
  )
  const request = { action: 'sts:AssumeRole', resource: 'r' }
  expect(decide(document, { arn: 'arn:session', roleArn: 'arn:role/http' }, request)).toBe('allow')
  expect(decide(document, { arn: 'arn:session', roleArn: 'arn:role/build' }, request)).toBeNull()
  expect(decide(document, { service: 'scheduler.amazonaws.com' }, request)).toBe('allow')
  expect(decide(document, { service: 'lambda.amazonaws.com' }, request)).toBeNull()
  expect(decide(document, { arn: 'x' }, { ...request, action: 'sts:TagSession' })).toBe('deny')
})

test.each<[string, object]>([
  ['an unknown element', { ...allow('*', '*'), Actions: '*' }],
  ['an unknown operator', allow('*', '*', { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })],
  ['a policy variable', allow('s3:*', ['arn:aws:s3:::b/$', '{aws:username}'].join(''))],
  ['Action and NotAction', { ...allow('*', '*'), NotAction: '*' }],
  ['no action', { Effect: 'Allow', Resource: '*' }],
  ['another effect', { ...allow('*', '*'), Effect: 'Maybe' }],
])('%s is rejected, not ignored', (_, statement) => {
  expect(policySchema.safeParse({ Version: '2012-10-17', Statement: [statement] }).success).toBe(false)
})

const anyStatement = fc
  .record({
    Effect: fc.constantFrom('Allow', 'Deny'),
    Action: fc.constantFrom('s3:*', 's3:GetObject', 's3:Put*', '*'),
    Resource: fc.constantFrom('*', 'arn:b/*', 'arn:b/a', 'arn:c/*'),
  })
  .map(statement => statement)
const anyRequest = fc.record({
  action: fc.constantFrom('s3:GetObject', 's3:PutObject', 'sns:Publish'),
  resource: fc.constantFrom('arn:b/a', 'arn:b/b', 'arn:c/x'),
})
const anyPolicy = fc.array(anyStatement, { minLength: 1, maxLength: 4 })

test('a deny always wins, order never matters, and a session policy never grants more', () => {
  fc.assert(
    fc.property(anyPolicy, anyPolicy, anyRequest, (role, session, request) => {
      const principal = { arn: 'a', policies: [policy(...role)] }
      const allowed = isAllowed(principal, request)
      expect(isAllowed({ ...principal, policies: [policy(...role.toReversed())] }, request)).toBe(allowed)
      expect(isAllowed({ ...principal, policies: role.map(each => policy(each)) }, request)).toBe(allowed)
      const narrowed = isAllowed({ ...principal, session: policy(...session) }, request)
      expect(narrowed).toBe(allowed && isAllowed({ arn: 'a', policies: [policy(...session)] }, request))
      const denied = policy(...role, deny(request.action, request.resource))
      expect(isAllowed({ ...principal, policies: [denied] }, request)).toBe(false)
    }),
  )
})
