/** Whether one of these IAM patterns, in which `*` and `?` stand for any characters, is or covers a role. */
export const isDeployRole = (patterns: readonly string[], roleArn: string): boolean =>
  patterns.some(pattern => {
    const escaped = pattern.replaceAll(/[^A-Za-z0-9:/*?]/g, String.raw`\$&`)
    return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(roleArn)
  })
