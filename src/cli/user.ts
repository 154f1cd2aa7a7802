import { homedir, tmpdir, userInfo } from 'node:os'

/** The name of the user, for those who read later who did something. Containers often run as a number that has no name. */
export function requesterName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}

/** The user's home directory, or the one for temporary files for a user who has none. */
export function homeDirectory(): string {
  try {
    return homedir()
  } catch {
    return tmpdir()
  }
}
