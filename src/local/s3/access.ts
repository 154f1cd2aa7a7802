/** What a call needs: an IAM action on an ARN. `prefix` is what policies know as `s3:prefix`. */
export type Permission = { action: string; resource: string; prefix?: string }

/** Whether whoever holds this access key may do this: the place for a policy. */
export type Allows = (accessKeyId: string, permission: Permission) => boolean

export const bucketArn = (bucket: string) => `arn:aws:s3:::${bucket}`
export const objectArn = (bucket: string, key: string) => `${bucketArn(bucket)}/${key}`
