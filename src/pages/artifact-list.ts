import { html } from 'hono/html'
import { artifactKey } from '../model/artifact.ts'
import { describeBytes } from '../model/describe-bytes.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { isExpired, type LeftArtifact } from '../records/left-artifacts.ts'
import { artifactPath } from '../records/links.ts'
import type { Store } from '../records/store.ts'
import type { View } from '../records/view.ts'
import { renderCopyable } from './copyable.ts'
import { stemOf } from './log.ts'

type Of = Pick<View, 'project' | 'number' | 'repository'>

/** Renders the artifacts of a build. @param withKey adds the key of a private build to a path */
export const renderArtifacts = (
  build: Of,
  artifacts: readonly LeftArtifact[],
  now: Date,
  withKey: (path: string) => string,
) =>
  artifacts.length === 0
    ? html`<p>No job of this build that has ended has left an artifact.</p>`
    : renderTable(build, artifacts, now, withKey)

function renderTable(
  build: Of,
  artifacts: readonly LeftArtifact[],
  now: Date,
  withKey: (path: string) => string,
) {
  const name = `${build.repository}#${build.number}`
  return html`<div class="scrolls" tabindex="0" role="region" aria-label="Artifacts"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Job</th><th scope="col">Size</th><th scope="col">Kept</th></tr></thead>
<tbody>${artifacts.map(artifact => renderRow(build, artifact, now, withKey))}</tbody></table></div>
<p class="soft">Each is an archive: <code>tar --zstd -xf FILE</code>. To get them all unpacked: ${renderCopyable(`lambci artifacts ${name} --download DIR`, 'To get all artifacts')}</p>`
}

function renderRow(build: Of, artifact: LeftArtifact, now: Date, withKey: (path: string) => string) {
  const { name, job, bytes, files, lastDay } = artifact
  const isGone = isExpired(artifact, now)
  const link = isGone ? name : html`<a href="${withKey(artifactPath(build, name))}">${name}</a>`
  const size = `${describeBytes(bytes)}, ${files} ${files === 1 ? 'file' : 'files'}`
  return html`<tr><td>${link}</td><td>${escapeControls(job)}</td><td>${size}</td><td>${isGone ? 'expired' : html`30 days, until ${lastDay}`}</td></tr>
`
}

/** A link expires after this time, or with the credentials of the function. */
const LINK_SECONDS = 300
const ARCHIVE_TYPE = 'application/zstd'

/** Creates a link to an archive in the bucket, which browsers save under the name of the build and the artifact. */
export const linkToArchive = (store: Store, build: Of, artifact: LeftArtifact): Promise<string> =>
  store.presign(
    artifactKey(artifact.prefix, artifact),
    LINK_SECONDS,
    ARCHIVE_TYPE,
    `${stemOf(build)}-${artifact.name.replaceAll('/', '-')}.tar.zst`,
  )
