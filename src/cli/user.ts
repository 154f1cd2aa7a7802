import { homedir, tmpdir, userInfo } from 'node:os'

/** The name of the user, which records say did something. Containers often run as a user number without a name. */
export function requesterName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}

/** The user's home directory. For a user who has none, the directory for temporary files. */
export function homeDirectory(): string {
  try {
    return homedir()
  } catch {
    return tmpdir()
  }
}
