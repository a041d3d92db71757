// The view as state: kept in the address, changed by links, controls, and the browser's back and forward.

import { type ComponentChildren, createContext } from "preact";
import { useCallback, useContext, useEffect, useMemo, useState } from "preact/hooks";
import { queryOf, type View, viewOf } from "./view";

/** Where a change goes: a new entry of the browser's history, or the place of the present one (sliders, typing). */
export type Entry = "new" | "same";
type Change = Partial<View> | ((view: View) => View);

interface Navigation {
  view: View;
  go: (change: Change, entry?: Entry) => void;
}

const NavigationContext = createContext<Navigation | null>(null);

export function NavigationProvider({ children }: { children: ComponentChildren }) {
  const [view, setView] = useState(() => viewOf(window.location.search));
  useEffect(() => {
    const follow = () => setView(viewOf(window.location.search));
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, []);
  const go = useCallback((change: Change, entry: Entry = "new") => {
    setView((before) => {
      const after = typeof change === "function" ? change(before) : { ...before, ...change };
      const address = queryOf(after);
      if (address === queryOf(before)) return before;
      if (entry === "new") window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
      return after;
    });
  }, []);
  const navigation = useMemo(() => ({ view, go }), [view, go]);
  return <NavigationContext.Provider value={navigation}>{children}</NavigationContext.Provider>;
}

export function useNavigation(): Navigation {
  const navigation = useContext(NavigationContext);
  if (navigation === null) throw new Error("outside of the navigation's provider");
  return navigation;
}

interface ViewLinkProps {
  /** The view that the link leads to, from the present one. */
  to: (view: View) => View;
  class?: string;
  children: ComponentChildren;
}

/** A link to another view: it can be opened in a new tab and copied, as any link can. */
export function ViewLink({ to, children, ...rest }: ViewLinkProps) {
  const { view, go } = useNavigation();
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={queryOf(to(view))} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
