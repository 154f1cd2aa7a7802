import { test } from 'node:test'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { NotesStack } from '../lib/notes-stack.ts'

const templateOf = (retain: boolean) => Template.fromStack(new NotesStack(new App(), 'notes', { retain }))

test('in production, notes outlive the stack', () => {
  const template = templateOf(true)
  template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain' })
  template.hasResourceProperties('AWS::S3::Bucket', { VersioningConfiguration: { Status: 'Enabled' } })
})

test('elsewhere they go with it', () => {
  templateOf(false).hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' })
})

test('nobody reads notes without credentials', () => {
  templateOf(false).hasResourceProperties('AWS::S3::Bucket', {
    PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
  })
})
