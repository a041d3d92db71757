// title: Classes
// answers: Which classes does the run hold, with how many images and how many of them right?
//   `search` keeps those whose name has that text in it, small and capital letters alike.
//   `probabilities` counts the predictions of its images in each twentieth from 0 to 1.
// parameter search: text, optional
// parameter sort: number|name|accuracy|images = number
// column class: class · name: text · images: count · correct: count · accuracy: share · probabilities: counts
// example: search=bear
MATCH (r:Run {id: $run})-[:HAS_CLASS]->(c:Class)
WHERE coalesce(toLower(c.name) CONTAINS toLower($search), true) = true
RETURN c.number AS class, c.name AS name, c.images AS images, c.correct AS correct, c.accuracy AS accuracy,
       c.probabilities AS probabilities
ORDER BY CASE WHEN $sort = 'name' THEN c.name ELSE '' END,
         CASE WHEN $sort = 'accuracy' THEN coalesce(c.accuracy, -1.0) ELSE 0.0 END DESC,
         CASE WHEN $sort = 'images' THEN coalesce(c.images, -1) ELSE 0 END DESC,
         c.number
