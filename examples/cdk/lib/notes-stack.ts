import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'

/** A bucket for notes, and a topic that announces them. */
export class NotesStack extends Stack {
  constructor(scope: Construct, id: string, { retain }: { retain: boolean }) {
    super(scope, id)
    const bucket = new Bucket(this, 'Notes', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      versioned: retain,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    const topic = new Topic(this, 'Announcements')
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName })
    new CfnOutput(this, 'TopicArn', { value: topic.topicArn })
  }
}
