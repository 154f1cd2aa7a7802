import { isSimilarName } from '../config/file-names.ts'
import type { FileContent, Files } from '../config/files.ts'
import type { GitAccess } from './git-environment.ts'
import { openCommit, openWorkingCopy, type TopLevel } from './top-level.ts'
import { UnreadableFile } from './working-file.ts'

/** Reads the configuration files of a checked out commit or a working copy. */
export const readConfigFiles = async (directory: string): Promise<Files> =>
  readAll(await openWorkingCopy(directory))

/** Reads the configuration files of another commit, which must have been fetched. */
export const readConfigFilesAt = async (
  directory: string,
  commit: string,
  access: GitAccess,
): Promise<Files> => readAll(await openCommit(directory, commit, access))

async function readAll({ entries, read }: TopLevel): Promise<Files> {
  const content = (name: string): Promise<FileContent> =>
    read(name).catch(error => {
      if (error instanceof UnreadableFile) return { reason: error.reason, advice: error.advice }
      throw error
    })
  const [lambciJson, packageJson] = await Promise.all([content('.lambci.json'), content('package.json')])
  const names = entries.filter(({ isDirectory }) => !isDirectory).map(({ name }) => name)
  return { lambciJson, packageJson, similarNames: names.filter(isSimilarName).toSorted() }
}
