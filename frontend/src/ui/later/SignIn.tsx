import type { TargetedSubmitEvent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Session } from '../../state/session'
import { panelText } from '../../text/panelText'

/** Asks for the key of a server that wants one. The field is read once, when the form is sent. */
export function SignIn({ session }: { session: Session }) {
  const field = useRef<HTMLInputElement>(null)
  const [trouble, setTrouble] = useState<string | null>(null)
  const [sending, setSending] = useState(false)

  useEffect(() => field.current?.focus(), [])

  const send = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const key = field.current!.value.trim()
    if (key === '' || sending) return
    setSending(true)
    setTrouble(null)
    const found = await session.signIn(key)
    setSending(false)
    setTrouble(found)
    field.current?.focus()
  }

  return (
    <form className="card sign-in" aria-labelledby="sign-in-title" onSubmit={send}>
      <h2 id="sign-in-title">{panelText.needsKey}</h2>
      <p>{panelText.keyStays}</p>
      <label htmlFor="api-key">{panelText.apiKey}</label>
      <input
        ref={field}
        id="api-key"
        type="password"
        autocomplete="off"
        spellcheck={false}
        required
        aria-invalid={trouble !== null}
        aria-describedby="sign-in-trouble"
      />
      <p id="sign-in-trouble" className="trouble" role="alert">
        {trouble}
      </p>
      <button type="submit" className="primary" aria-disabled={sending}>
        {sending ? panelText.asking : panelText.signIn}
      </button>
    </form>
  )
}
