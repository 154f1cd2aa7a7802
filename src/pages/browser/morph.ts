/**
 * Makes an element equal to a fresh one, and leaves equal parts alone to keep focus, selection and scroll positions. Elements that the
 * reader has opened or closed stay that way until the server changes `data-open`.
 */
export function morph(current: Element, fresh: Element): void {
  if (isClock(current) && current.cloneNode(false).isEqualNode(fresh.cloneNode(false))) return
  const opens = current.getAttribute('data-open') !== fresh.getAttribute('data-open')
  if (opens) current.toggleAttribute('open', fresh.hasAttribute('open'))
  copyAttributes(current, fresh)
  const [old, next] = [[...current.childNodes], [...fresh.childNodes]]
  for (const [index, node] of next.entries()) morphNode(current, old[index], node)
  for (const node of old.slice(next.length)) node.remove()
}

/** The script itself changes the text of these. */
const isClock = (element: Element) => element.matches('time, [data-since]')

function copyAttributes(current: Element, fresh: Element): void {
  const names = new Set([...current.getAttributeNames(), ...fresh.getAttributeNames()])
  names.delete('open')
  for (const name of names) {
    const value = fresh.getAttribute(name)
    if (value === null) current.removeAttribute(name)
    else if (current.getAttribute(name) !== value) current.setAttribute(name, value)
  }
}

function morphNode(parent: Element, current: ChildNode | undefined, fresh: ChildNode): void {
  if (!current) parent.append(document.adoptNode(fresh))
  else if (current.nodeName !== fresh.nodeName) current.replaceWith(document.adoptNode(fresh))
  else if (current instanceof Element) morph(current, fresh as Element)
  else if (current.nodeValue !== fresh.nodeValue) current.nodeValue = fresh.nodeValue
}
